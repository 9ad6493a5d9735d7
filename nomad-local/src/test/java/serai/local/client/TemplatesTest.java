// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.local.client.Templates.MissingVariableException;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobForm;
import serai.local.plan.Node;
import serai.local.state.Alloc;

class TemplatesTest {
    private static final TaskEnv ENV = environment();

    private static TaskEnv environment() {
        Job job = JobForm.request(Json.object(
                        "Job",
                        Json.object(
                                "ID",
                                "j",
                                "TaskGroups",
                                List.of(Map.of(
                                        "Name", "g", "Tasks", List.of(Map.of("Name", "t", "Driver", "raw_exec")))))))
                .job()
                .orElseThrow();
        Alloc alloc =
                new Alloc(Json.object("ID", "0123456789", "Name", "j.g[4]", "Namespace", "default", "Job", job.doc()));
        Job.Group group = job.groups().getFirst();
        return new TaskEnv(
                alloc,
                group,
                group.tasks().getFirst(),
                new Node(Json.object("Datacenter", "dc1")),
                new AllocDir(Path.of("/x")),
                Map.of("HOME", "/root"),
                Optional.empty());
    }

    private static String render(String template) throws Exception {
        return Templates.render(
                template,
                "{{",
                "}}",
                ENV,
                path -> path.equals("nomad/jobs/j")
                        ? Optional.of(Json.object("secret", "s3", "b", "B"))
                        : Optional.empty());
    }

    @Test
    void theFormsThatAreKnownAreRendered() throws Exception {
        assertThat(render("plain }} text")).isEqualTo("plain }} text");
        assertThat(render("{{ with nomadVar \"nomad/jobs/j\" }}{{ .secret }}-{{.b.Value}}{{ end }}!"))
                .isEqualTo("s3-B!");
        assertThat(render("{{ env \"NOMAD_ALLOC_INDEX\" }} {{env \"HOME\"}} {{ env \"NOPE\" }}"))
                .isEqualTo("4 /root ");

        assertThat(render("a \n{{- env \"HOME\" -}}\n b")).isEqualTo("a/rootb");
    }

    @Test
    void aMissingVariableIsWaitedFor_andAMissingItemIsAFailure() {
        assertThatThrownBy(() -> render("{{ with nomadVar \"nope\" }}{{ .a }}{{ end }}"))
                .isInstanceOf(MissingVariableException.class);
        assertThatThrownBy(() -> render("{{ with nomadVar \"nomad/jobs/j\" }}{{ .a }}{{ end }}"))
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("no item \"a\"");
    }

    @Test
    void anyOtherFormIsRefusedWithTheFormsThatAreKnown() {
        for (String template : List.of(
                "{{ key \"service/x\" }}",
                "{{ range nomadVarList }}{{ end }}",
                "{{ with nomadVar \"nomad/jobs/j\" }}{{ .secret }}",
                "{{ .secret }}",
                "{{ open")) {
            assertThatThrownBy(() -> render(template))
                    .as(template)
                    .isInstanceOf(SetupException.class)
                    .hasMessageContaining("nomad-local does not know")
                    .hasMessageContaining("nomadVar");
        }
    }
}
