// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.hashicorp.nomad.apimodel.Task;
import com.hashicorp.nomad.apimodel.TaskGroup;
import com.hashicorp.nomad.apimodel.VolumeMount;
import com.hashicorp.nomad.apimodel.VolumeRequest;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import serai.config.NomadConfig;
import serai.config.NomadConfig.Volume;

/** What a pool's job asks of its nodes where the runner makes containers itself: host volumes, and what the driver exec has to give. */
final class OnNode {
    private static final String EXEC = "exec";

    /**
     * Beyond the driver's own ones: namespaces, mounts and control groups; and a look at the processes of its containers, which are the
     * only ones in its namespace. A client has to allow them.
     */
    private static final List<String> CAPABILITIES = List.of("sys_admin", "sys_ptrace");

    /** The driver runs tasks as nobody. Root without most of root's capabilities is still who owns the node's cache. */
    private static final List<String> AS_ROOT = List.of(
            "--reuid=0",
            "--regid=0",
            "--clear-groups",
            "--inh-caps=-all",
            "--ambient-caps=-all",
            "--pdeathsig=KILL", // as the driver has it; another user forgets it
            "--");

    private OnNode() {}

    /** @param group with one task, whose driver's words are a command and its arguments */
    static TaskGroup of(TaskGroup group, NomadConfig settings) {
        var task = group.getTasks().getFirst();
        for (var volume : settings.volumes()) {
            group.addVolumes(
                    volume.name(),
                    new VolumeRequest()
                            .setName(volume.name())
                            .setType("host")
                            .setSource(volume.name())
                            .setReadOnly(volume.readOnly()));
            task.addVolumeMounts(mount(volume));
        }
        if (settings.driver().equals(EXEC)) {
            enterChroot(task);
        }
        return group;
    }

    private static VolumeMount mount(Volume volume) {
        return new VolumeMount()
                .setVolume(volume.name())
                .setDestination(volume.path())
                .setReadOnly(volume.readOnly());
    }

    private static void enterChroot(Task task) {
        var config = new TreeMap<>(task.getConfig());
        var command = Stream.of(config.get("command").toString());
        var arguments = ((Collection<?>) config.get("args")).stream().map(Object::toString);
        config.put(
                "args",
                Stream.concat(AS_ROOT.stream(), Stream.concat(command, arguments))
                        .toList());
        config.put("command", "/usr/bin/setpriv"); // its whole path: the driver looks up no other one in a volume
        config.put("cap_add", CAPABILITIES);
        task.setConfig(config);
        var environment = new TreeMap<>(task.getEnv());
        environment.put("SERAI_CHROOT", "1");
        task.setEnv(environment);
    }
}
