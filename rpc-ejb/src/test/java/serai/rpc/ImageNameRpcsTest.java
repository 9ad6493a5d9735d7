// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import modal.client.ImageTagRevisionsRequest;
import org.junit.jupiter.api.Test;
import serai.image.ImageNames;
import serai.workspace.Environment;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

class ImageNameRpcsTest {
    private static final Caller CALLER = new Caller(
            new Tenant("ws-1", "ours"), "ak-1", Optional.empty(), Optional.empty(), "", false, "1.6.4", true);

    /** @param image that has every name, of which nobody noted that it was given */
    private static ImageNameRpcs rpcs(Optional<String> image) {
        var names = new ImageNames() {
            @Override
            public Optional<String> find(Environment environment, String name) {
                return image;
            }

            @Override
            public List<Revision> history(Environment environment, String name, long before, int limit) {
                return List.of();
            }
        };
        var workspaces = new Workspaces() {
            @Override
            public Environment environment(Tenant tenant, String name) {
                return new Environment() {
                    @Override
                    public String name() {
                        return "main";
                    }
                };
            }
        };
        return new ImageNameRpcs(names, null, null, workspaces);
    }

    private static final ImageTagRevisionsRequest REQUEST =
            ImageTagRevisionsRequest.newBuilder().setTag("lab:v1").build();

    @Test
    void givenANameOfAnEarlierServer_whenItsHistoryIsAskedFor_thenItIsEmpty() {
        assertThat(rpcs(Optional.of("im-1")).history(CALLER, REQUEST).getItemsList())
                .isEmpty();
    }

    @Test
    void givenNoSuchName_whenItsHistoryIsAskedFor_thenThatIsSaid() {
        assertThatThrownBy(() -> rpcs(Optional.empty()).history(CALLER, REQUEST))
                .hasMessageContaining("No image has the name 'lab:v1'");
    }
}
