// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import static serai.local.doc.Shape.Scalar.BOOL;
import static serai.local.doc.Shape.Scalar.DURATION;
import static serai.local.doc.Shape.Scalar.INT;
import static serai.local.doc.Shape.Scalar.INT64;
import static serai.local.doc.Shape.Scalar.STRING;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.doc.Shape.Free;
import serai.local.doc.Shape.Kind;

/** Nomad's job, field by field, with the defaults that do not depend on the job's type. */
final class JobShape {
    private static final long SECOND = 1_000_000_000L;
    private static final Kind FREE = new Free();
    private static final Kind STRINGS = new Shape.Listed(STRING);

    private static final Shape CONSTRAINT = new Shape("Constraint")
            .field("LTarget", STRING, "")
            .field("Operand", STRING, "=")
            .field("RTarget", STRING, "");

    private static final Shape PORT = new Shape("Port")
            .field("HostNetwork", STRING, "default")
            .optional("Label", STRING)
            .optional("To", INT)
            .optional("Value", INT);

    private static final Shape NETWORK = new Shape("NetworkResource")
            .optional("Mode", STRING)
            .optional("Device", STRING)
            .optional("CIDR", STRING)
            .optional("IP", STRING)
            .optional("MBits", INT)
            .optional("Hostname", STRING)
            .optional("DynamicPorts", PORT.list())
            .optional("ReservedPorts", PORT.list());

    static final Shape RESTART = new Shape("RestartPolicy")
            .optional("Attempts", INT)
            .optional("Delay", DURATION)
            .optional("Interval", DURATION)
            .optional("Mode", STRING)
            .optional("RenderTemplates", BOOL);

    static final Shape RESCHEDULE = new Shape("ReschedulePolicy")
            .optional("Attempts", INT)
            .optional("Delay", DURATION)
            .optional("DelayFunction", STRING)
            .optional("Interval", DURATION)
            .optional("MaxDelay", DURATION)
            .optional("Unlimited", BOOL);

    static final Shape UPDATE = new Shape("UpdateStrategy")
            .optional("AutoPromote", BOOL)
            .optional("AutoRevert", BOOL)
            .optional("Canary", INT)
            .optional("HealthCheck", STRING)
            .optional("HealthyDeadline", DURATION)
            .optional("MaxParallel", INT)
            .optional("MinHealthyTime", DURATION)
            .optional("ProgressDeadline", DURATION)
            .optional("Stagger", DURATION);

    private static final Shape DEVICE = new Shape("RequestedDevice")
            .field("Name", STRING, "")
            .field("Count", INT, 1)
            .nullable("Constraints", CONSTRAINT.list())
            .nullable("Affinities", FREE);

    private static final Shape RESOURCES = new Shape("Resources")
            .field("CPU", INT, 100)
            .field("Cores", INT, 0)
            .nullable("Devices", DEVICE.list())
            .field("DiskMB", INT, 0)
            .field("IOPS", INT, 0)
            .field("MemoryMB", INT, 300)
            .field("MemoryMaxMB", INT, 0)
            .nullable("NUMA", FREE)
            .nullable("Networks", NETWORK.list())
            .field("SecretsMB", INT, 0);

    private static final Shape ARTIFACT = new Shape("TaskArtifact")
            .field("Chown", BOOL, false)
            .nullable("GetterHeaders", FREE)
            .field("GetterInsecure", BOOL, false)
            .field("GetterMode", STRING, "any")
            .nullable("GetterOptions", FREE)
            .field("GetterSource", STRING, "")
            .field("RelativeDest", STRING, "local/");

    private static final Shape TEMPLATE = new Shape("Template")
            .field("ChangeMode", STRING, "restart")
            .nullable("ChangeScript", FREE)
            .field("ChangeSignal", STRING, "")
            .field("DestPath", STRING, "")
            .field("EmbeddedTmpl", STRING, "")
            .field("Envvars", BOOL, false)
            .field("ErrMissingKey", BOOL, false)
            .nullable("Gid", INT)
            .field("LeftDelim", STRING, "{{")
            .field("Once", BOOL, false)
            .field("Perms", STRING, "0644")
            .field("RightDelim", STRING, "}}")
            .field("SourcePath", STRING, "")
            .field("Splay", DURATION, 5 * SECOND)
            .nullable("Uid", INT)
            .field("VaultGrace", DURATION, 0)
            .nullable("Wait", FREE);

    private static final Shape LOGS = new Shape("LogConfig")
            .field("Disabled", BOOL, false)
            .field("MaxFileSizeMB", INT, 10)
            .field("MaxFiles", INT, 10);

    private static final Map<String, Object> IDENTITY = Map.of(
            "Audience",
            List.of("nomadproject.io"),
            "ChangeMode",
            "",
            "ChangeSignal",
            "",
            "Env",
            false,
            "File",
            false,
            "Filepath",
            "",
            "Name",
            "default",
            "ServiceName",
            "",
            "TTL",
            0);

    private static final Shape TASK = new Shape("Task")
            .nullable("Actions", FREE)
            .nullable("Affinities", FREE)
            .nullable("Artifacts", ARTIFACT.list())
            .nullable("CSIPluginConfig", FREE)
            .nullable("Config", FREE)
            .nullable("Constraints", CONSTRAINT.list())
            .nullable("Consul", FREE)
            .nullable("DispatchPayload", FREE)
            .field("Driver", STRING, "")
            .nullable("Env", FREE)
            .nullable("Identities", FREE)
            .field(
                    "Identity",
                    FREE,
                    Json.MAPPER.<ObjectNode>valueToTree(IDENTITY).putNull("ExtraClaims"))
            .field("KillSignal", STRING, "")
            .field("KillTimeout", DURATION, 5 * SECOND)
            .field("Kind", STRING, "")
            .field("Leader", BOOL, false)
            .nullable("Lifecycle", FREE)
            .field("LogConfig", LOGS.nested(), LOGS.conform(Json.object()))
            .nullable("Meta", FREE)
            .field("Name", STRING, "")
            .field("Resources", RESOURCES.nested(), RESOURCES.conform(Json.object()))
            .optional("RestartPolicy", RESTART.nested())
            .nullable("ScalingPolicies", FREE)
            .nullable("Schedule", FREE)
            .nullable("Secrets", FREE)
            .nullable("Services", FREE)
            .field("ShutdownDelay", DURATION, 0)
            .nullable("Templates", TEMPLATE.list())
            .field("User", STRING, "")
            .nullable("Vault", FREE)
            .nullable("VolumeMounts", FREE);

    private static final Shape SCALING = new Shape("ScalingPolicy")
            .field("Enabled", BOOL, true)
            .optional("Max", INT64)
            .optional("Min", INT64)
            .nullable("Policy", FREE)
            .field("Type", STRING, "horizontal");

    private static final Shape DISK = new Shape("EphemeralDisk")
            .field("Migrate", BOOL, false)
            .field("SizeMB", INT, 300)
            .field("Sticky", BOOL, false);

    private static final Shape GROUP = new Shape("TaskGroup")
            .nullable("Affinities", FREE)
            .nullable("Constraints", CONSTRAINT.list())
            .nullable("Consul", FREE)
            .optional("Count", INT)
            .nullable("Disconnect", FREE)
            .field("EphemeralDisk", DISK.nested(), DISK.conform(Json.object()))
            .nullable("MaxClientDisconnect", DURATION)
            .nullable("MaxRunDuration", DURATION)
            .nullable("Meta", FREE)
            .nullable("Migrate", FREE)
            .field("Name", STRING, "")
            .nullable("Networks", NETWORK.list())
            .field("PreventRescheduleOnLost", BOOL, false)
            .optional("ReschedulePolicy", RESCHEDULE.nested())
            .optional("RestartPolicy", RESTART.nested())
            .nullable("Scaling", SCALING.nested())
            .nullable("Services", FREE)
            .nullable("ShutdownDelay", DURATION)
            .nullable("Spreads", FREE)
            .nullable("StopAfterClientDisconnect", DURATION)
            .nullable("Tasks", TASK.list())
            .nullable("Update", UPDATE.nested())
            .nullable("Volumes", FREE);

    private static final Shape JOB = new Shape("Job")
            .nullable("Affinities", FREE)
            .field("AllAtOnce", BOOL, false)
            .nullable("Constraints", CONSTRAINT.list())
            .field("ConsulNamespace", STRING, "")
            .optional("CreateIndex", FREE)
            .field("Datacenters", STRINGS, List.of("*"))
            .field("DispatchIdempotencyToken", STRING, "")
            .field("Dispatched", BOOL, false)
            .field("ID", STRING, "")
            .optional("JobModifyIndex", FREE)
            .nullable("Meta", FREE)
            .optional("ModifyIndex", FREE)
            .nullable("Multiregion", FREE)
            .field("Name", STRING, "")
            .field("Namespace", STRING, "default")
            .field("NodePool", STRING, "default")
            .field("NomadTokenID", STRING, "")
            .nullable("ParameterizedJob", FREE)
            .field("ParentID", STRING, "")
            .nullable("Payload", FREE)
            .nullable("Periodic", FREE)
            .field("Priority", INT, 50)
            .field("Region", STRING, "global")
            .nullable("Spreads", FREE)
            .field("Stable", BOOL, false)
            .field("Status", STRING, "")
            .field("StatusDescription", STRING, "")
            .field("Stop", BOOL, false)
            .optional("SubmitTime", FREE)
            .nullable("TaskGroups", GROUP.list())
            .field("Type", STRING, "service")
            .nullable("UI", FREE)
            .nullable("Update", UPDATE.nested())
            .field("VaultNamespace", STRING, "")
            .optional("Version", FREE)
            .nullable("VersionTag", FREE);

    /** The body of a registration. */
    static final Shape REQUEST = new Shape("JobRegisterRequest")
            .optional("Job", JOB.nested())
            .optional("EnforceIndex", BOOL)
            .optional("JobModifyIndex", FREE)
            .optional("PolicyOverride", BOOL)
            .optional("PreserveCounts", BOOL)
            .optional("EvalPriority", INT)
            .optional("Diff", BOOL)
            .optional("Submission", FREE);

    private JobShape() {}
}
