// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import serai.local.client.SetupException.Kind;
import serai.local.client.Templates.MissingVariableException;
import serai.local.doc.Json;
import serai.local.job.Job;

/** Puts in place what a task needs before it starts: artifacts and rendered templates. */
final class TaskSetup {
    private final Surroundings around;
    private final AllocDir dir;
    private final Job.Task task;
    private final TaskEnv env;
    private final String namespace;

    TaskSetup(Surroundings around, AllocDir dir, Job.Task task, TaskEnv env, String namespace) {
        this.around = around;
        this.dir = dir;
        this.task = task;
        this.env = env;
        this.namespace = namespace;
    }

    boolean hasArtifacts() {
        return task.doc().path("Artifacts").size() > 0;
    }

    void fetch() throws SetupException, InterruptedException {
        for (JsonNode artifact : task.doc().path("Artifacts")) {
            around.artifacts().fetch(artifact, dir.task(task.name()), env);
        }
    }

    /** @throws MissingVariableException while a variable that a template reads is not there */
    void render() throws SetupException, MissingVariableException {
        for (JsonNode template : task.doc().path("Templates")) {
            String text = Templates.render(
                    source(template),
                    Json.text(template, "LeftDelim"),
                    Json.text(template, "RightDelim"),
                    env,
                    path -> around.variable(namespace, path));
            write(template, text);
        }
    }

    private String source(JsonNode template) throws SetupException {
        String path = Json.text(template, "SourcePath");
        try {
            return path.isEmpty() ? Json.text(template, "EmbeddedTmpl") : Files.readString(inside(path));
        } catch (IOException e) {
            throw new SetupException(Kind.SETUP, "Template failed: cannot read %s: %s".formatted(path, e.getMessage()));
        }
    }

    private void write(JsonNode template, String text) throws SetupException {
        Path target = inside(Json.text(template, "DestPath"));
        Path next = target.resolveSibling(target.getFileName() + ".next");
        try {
            Files.createDirectories(target.getParent());
            Files.deleteIfExists(next);
            Files.createFile(
                    next,
                    java.nio.file.attribute.PosixFilePermissions.asFileAttribute(
                            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
            Files.writeString(next, text);
            Files.setPosixFilePermissions(next, permissions(Json.text(template, "Perms")));
            Files.move(next, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SetupException(
                    Kind.SETUP, "Template failed: cannot write %s: %s".formatted(target, e.getMessage()));
        }
    }

    /** Destinations are relative to the task's directory, or absolute by way of {@code ${NOMAD_SECRETS_DIR}} and the like. */
    private Path inside(String path) throws SetupException {
        Path target = dir.task(task.name()).resolve(env.place(path)).normalize();
        if (!target.startsWith(dir.path())) {
            throw new SetupException(Kind.SETUP, "Template failed: %s escapes alloc directory".formatted(path));
        }
        return target;
    }

    private static Set<PosixFilePermission> permissions(String octal) throws SetupException {
        try {
            int mode = Integer.parseInt(octal.isEmpty() ? "0644" : octal, 8);
            PosixFilePermission[] inOrder = {
                PosixFilePermission.OTHERS_EXECUTE,
                PosixFilePermission.OTHERS_WRITE,
                PosixFilePermission.OTHERS_READ,
                PosixFilePermission.GROUP_EXECUTE,
                PosixFilePermission.GROUP_WRITE,
                PosixFilePermission.GROUP_READ,
                PosixFilePermission.OWNER_EXECUTE,
                PosixFilePermission.OWNER_WRITE,
                PosixFilePermission.OWNER_READ
            };
            Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
            for (int bit = 0; bit < inOrder.length; bit++) {
                if ((mode >> bit & 1) == 1) {
                    set.add(inOrder[bit]);
                }
            }
            return set;
        } catch (NumberFormatException e) {
            throw new SetupException(Kind.SETUP, "Template failed: bad permissions \"%s\"".formatted(octal));
        }
    }
}
