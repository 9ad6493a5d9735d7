// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import serai.local.doc.Json;

/** What this machine has now. */
public final class Inventory {
    /** In the agent's environment: stand-ins, {@code @FILE} that is read again and again, or {@code none}. */
    public static final String VARIABLE = "SERAI_LOCAL_DEVICES";

    private static final System.Logger LOG = System.getLogger(Inventory.class.getName());
    private static final Path DEV = Path.of("/dev");

    private final Optional<String> declared;
    private final StandInTree tree;
    private List<Group> last = List.of();
    private String trouble = "";

    /**
     * @param declared what the environment says; empty for the machine's own devices
     * @param directory where device nodes of stand-ins are made
     * @throws IOException if the declaration cannot be read
     */
    public Inventory(Optional<String> declared, Path directory) throws IOException {
        this.declared = declared.filter(text -> !text.isBlank());
        this.tree = new StandInTree(directory);
        if (isStandIn()) {
            standIns();
        }
    }

    /** Looks for the first time. A driver that does not answer is as good as none. */
    public Inventory open() {
        refresh();
        return this;
    }

    /** Whether the devices are pretended. */
    public boolean isStandIn() {
        return declared.isPresent();
    }

    /** Where device nodes of stand-ins are, as if it were the root of the file system. */
    public Optional<Path> root() {
        return isStandIn() ? Optional.of(tree.root()) : Optional.empty();
    }

    /** As a node shows it; empty for nothing at all. */
    public synchronized Optional<ArrayNode> doc() {
        if (last.isEmpty()) {
            return Optional.empty();
        }
        ArrayNode list = Json.array();
        last.forEach(group -> list.add(group.doc()));
        return Optional.of(list);
    }

    /** Looks again. @return whether something is different */
    public synchronized boolean refresh() {
        try {
            List<Group> now = isStandIn() ? standIns() : own();
            trouble = "";
            if (now.equals(last)) {
                return false;
            }
            if (isStandIn()) {
                tree.write(now);
            }
            last = now;
            return true;
        } catch (IOException e) {
            if (!trouble.equals(e.getMessage())) {
                trouble = e.getMessage();
                LOG.log(Level.WARNING, "devices stay as they were: {0}", trouble);
            }
            return false;
        }
    }

    private List<Group> standIns() throws IOException {
        String text = declared.orElseThrow();
        if (text.equals("none")) {
            return List.of();
        }
        try {
            return StandIns.parse(text.startsWith("@") ? Files.readString(Path.of(text.substring(1))) : text);
        } catch (IllegalArgumentException e) {
            throw new IOException(VARIABLE + ": " + e.getMessage(), e);
        }
    }

    private static List<Group> own() throws IOException {
        if (!Nvidia.isThere(DEV)) {
            return List.of();
        }
        try {
            return Nvidia.ask();
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
