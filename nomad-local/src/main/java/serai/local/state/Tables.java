// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.doc.Sharing;
import serai.local.job.Job;

/** All documents and indexes. Only its store changes it, and only under the store's lock. */
public final class Tables {
    private static final Set<Table> OF_JOBS = EnumSet.of(Table.ALLOCATIONS, Table.EVALUATIONS, Table.DEPLOYMENTS);

    /** The longest documents, which are the most alike. */
    private static final Set<Table> ALIKE = EnumSet.of(Table.JOBS, Table.VERSIONS);

    private static final Set<Table> WITH_STATUS = EnumSet.of(Table.ALLOCATIONS, Table.JOBS, Table.DEPLOYMENTS);

    private final Map<Table, TreeMap<String, ObjectNode>> documents = new EnumMap<>(Table.class);
    /** What belongs to a job, so that a look at one job does not cost a look at all. */
    private final Map<Table, Map<String, TreeMap<String, ObjectNode>>> byJob = new EnumMap<>(Table.class);

    /** By the clock that nobody sets: when the status of a document became what it is. Not of what an earlier agent left. */
    private final Map<String, Long> statusSince = new HashMap<>();

    private final Sharing sharing = new Sharing();
    private final Map<Table, Long> indexes = new EnumMap<>(Table.class);
    private final long opened = System.nanoTime();
    private long index;

    Tables() {
        for (Table table : Table.values()) {
            documents.put(table, new TreeMap<>());
            indexes.put(table, 0L);
            byJob.put(table, new HashMap<>());
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

    public int count(Table table) {
        return documents.get(table).size();
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
        return ofJob(Table.ALLOCATIONS, jobKey(namespace, jobId)).values().stream()
                .map(Alloc::new);
    }

    public Optional<Evaluation> evaluation(String id) {
        return get(Table.EVALUATIONS, id).map(Evaluation::new);
    }

    public Stream<Evaluation> evaluations() {
        return all(Table.EVALUATIONS).map(Evaluation::new);
    }

    public Stream<Evaluation> evaluations(String namespace, String jobId) {
        return ofJob(Table.EVALUATIONS, jobKey(namespace, jobId)).values().stream()
                .map(Evaluation::new);
    }

    public Stream<ObjectNode> deployments(String namespace, String jobId) {
        return ofJob(Table.DEPLOYMENTS, jobKey(namespace, jobId)).values().stream();
    }

    public static String jobKey(String namespace, String id) {
        return namespace + "/" + id;
    }

    /**
     * How long an allocation, a job or a deployment has had its status.
     *
     * @return empty if it had it before this agent started
     */
    public Optional<Duration> statusAge(Table table, String key) {
        return Optional.ofNullable(statusSince.get(table + key))
                .map(since -> Duration.ofNanos(System.nanoTime() - since));
    }

    private void noteStatus(Table table, String key, ObjectNode before, ObjectNode doc) {
        if (doc == null) {
            statusSince.remove(table + key);
        } else if (before == null || !status(table, before).equals(status(table, doc))) {
            statusSince.put(table + key, System.nanoTime());
        }
    }

    private static String status(Table table, ObjectNode doc) {
        return table == Table.ALLOCATIONS
                ? Json.text(doc, "ClientStatus")
                : Json.text(doc, "Status") + Json.flag(doc, "Stop");
    }

    Duration agentAge() {
        return Duration.ofNanos(System.nanoTime() - opened);
    }

    Map<String, ObjectNode> ofJob(Table table, String jobKey) {
        TreeMap<String, ObjectNode> found = byJob.get(table).get(jobKey);
        return found == null ? Map.of() : found;
    }

    static String jobKey(ObjectNode doc) {
        return jobKey(Json.text(doc, "Namespace"), Json.text(doc, "JobID"));
    }

    /** A change that happens now, and not one that is read from the disk. */
    void change(Table table, String key, ObjectNode doc, long at) {
        if (WITH_STATUS.contains(table)) {
            noteStatus(table, key, documents.get(table).get(key), doc);
        }
        set(table, key, doc, at);
    }

    void set(Table table, String key, ObjectNode changed, long at) {
        TreeMap<String, ObjectNode> all = documents.get(table);
        ObjectNode doc = changed == null || !ALIKE.contains(table) ? changed : sharing.of(changed);
        ObjectNode before = doc == null ? all.remove(key) : all.put(key, doc);
        if (OF_JOBS.contains(table)) {
            Map<String, TreeMap<String, ObjectNode>> jobs = byJob.get(table);
            if (doc != null) {
                jobs.computeIfAbsent(jobKey(doc), job -> new TreeMap<>()).put(key, doc);
            } else if (before != null) {
                jobs.computeIfPresent(jobKey(before), (job, docs) -> {
                    docs.remove(key);
                    return docs.isEmpty() ? null : docs;
                });
            }
        }
        indexes.put(table, at);
        index = at;
    }

    void advance(long at) {
        index = at;
    }
}
