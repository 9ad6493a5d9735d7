// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What run.json holds: the ports, which stay the same over a restart, and the processes of now.
 *
 * @param servers how many there are to be, beside each other
 * @param ports by the name of their setting
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record RunState(int servers, Map<String, Integer> ports, Map<String, Part> parts) {
    /**
     * @param kind which of the possible ones it is: embedded or external, nomad-local or nomad
     * @param address null until it may be asked anything
     * @param process null for what others run
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Part(String kind, String version, String address, ProcessId process) {
        static Part starting(String kind, String version, ProcessId process) {
            return new Part(kind, version, null, process);
        }

        @JsonIgnore
        boolean isReachable() {
            return address != null;
        }
    }

    RunState {
        servers = Math.max(1, servers); // one that an earlier version wrote does not say it
        ports = ports == null ? Map.of() : Map.copyOf(ports);
        parts = parts == null ? Map.of() : Map.copyOf(parts);
    }

    static RunState read(Path file) {
        try {
            return Json.MAPPER.readValue(Files.readAllBytes(file), RunState.class);
        } catch (NoSuchFileException e) {
            return new RunState(1, Map.of(), Map.of());
        } catch (JsonProcessingException e) {
            throw Failure.from(e, "%s is not readable (%s). Remove it; then ./serai up", file, e.getOriginalMessage());
        } catch (AccessDeniedException e) {
            throw Failure.from(e, "%s is not yours to read: another user's installation? SERAI_HOME names it", file);
        } catch (IOException e) {
            var reason = e instanceof FileSystemException told ? told.getReason() : e.getMessage();
            throw Failure.from(e, "%s cannot be read: %s. SERAI_HOME has to be a folder of yours", file, reason);
        }
    }

    void write(Path file) {
        try {
            AtomicFile.write(file, Json.pretty(this) + "\n");
        } catch (IOException e) {
            throw Failure.from(e, "%s cannot be written: %s", file, e.getMessage());
        }
    }

    Optional<Part> part(String name) {
        return Optional.ofNullable(parts.get(name));
    }

    /** @return of those that are known, from the first on */
    List<Integer> serverNumbers() {
        return parts.keySet().stream()
                .filter(name -> name.equals(PayaraServer.PART) || name.startsWith(PayaraServer.PART + "-"))
                .map(name ->
                        name.equals(PayaraServer.PART) ? 1 : Integer.valueOf(name.substring(name.indexOf('-') + 1)))
                .sorted()
                .toList();
    }

    Optional<ProcessId> alive(String name) {
        return part(name).map(Part::process).filter(ProcessId::isAlive);
    }

    RunState withServers(int wanted) {
        return new RunState(wanted, ports, parts);
    }

    RunState withPorts(Map<String, Integer> chosen) {
        return new RunState(servers, new TreeMap<>(chosen), parts);
    }

    RunState with(String name, Part part) {
        var changed = new TreeMap<>(parts);
        changed.put(name, part);
        return new RunState(servers, ports, changed);
    }

    RunState without(String name) {
        var changed = new TreeMap<>(parts);
        changed.remove(name);
        return new RunState(servers, ports, changed);
    }
}
