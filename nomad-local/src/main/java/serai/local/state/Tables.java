// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;

/** All documents and indexes. Only its store changes it, and only under the store's lock. */
public final class Tables {
    private final Map<Table, TreeMap<String, ObjectNode>> documents = new EnumMap<>(Table.class);
    private final Map<Table, Long> indexes = new EnumMap<>(Table.class);
    private long index;

    Tables() {
        for (Table table : Table.values()) {
            documents.put(table, new TreeMap<>());
            indexes.put(table, 0L);
        }
    }

    /** The index of the last commit. */
    public long index() {
        return index;
    }

    /** The index of the last commit that changed {@code table}; never 0, so that it can be waited on. */
    public long index(Table table) {
        return Math.max(1, indexes.get(table));
    }

    public Optional<ObjectNode> get(Table table, String key) {
        return Optional.ofNullable(documents.get(table).get(key));
    }

    public Stream<ObjectNode> all(Table table) {
        return documents.get(table).values().stream();
    }

    Map<String, ObjectNode> entries(Table table) {
        return documents.get(table);
    }

    public Optional<Job> job(String namespace, String id) {
        return get(Table.JOBS, jobKey(namespace, id)).map(Job::new);
    }

    public Stream<Job> jobs() {
        return all(Table.JOBS).map(Job::new);
    }

    public Optional<Alloc> alloc(String id) {
        return get(Table.ALLOCATIONS, id).map(Alloc::new);
    }

    public Stream<Alloc> allocs() {
        return all(Table.ALLOCATIONS).map(Alloc::new);
    }

    public Stream<Alloc> allocs(String namespace, String jobId) {
        return allocs().filter(a -> a.jobId().equals(jobId) && a.namespace().equals(namespace));
    }

    public Optional<Evaluation> evaluation(String id) {
        return get(Table.EVALUATIONS, id).map(Evaluation::new);
    }

    public Stream<Evaluation> evaluations() {
        return all(Table.EVALUATIONS).map(Evaluation::new);
    }

    public Stream<Evaluation> evaluations(String namespace, String jobId) {
        return evaluations()
                .filter(e -> e.jobId().equals(jobId) && e.namespace().equals(namespace));
    }

    public Stream<ObjectNode> deployments(String namespace, String jobId) {
        return all(Table.DEPLOYMENTS)
                .filter(d -> Json.text(d, "JobID").equals(jobId)
                        && Json.text(d, "Namespace").equals(namespace));
    }

    public static String jobKey(String namespace, String id) {
        return namespace + "/" + id;
    }

    void set(Table table, String key, ObjectNode doc, long at) {
        if (doc == null) {
            documents.get(table).remove(key);
        } else {
            documents.get(table).put(key, doc);
        }
        indexes.put(table, at);
        index = at;
    }

    void advance(long at) {
        index = at;
    }
}
