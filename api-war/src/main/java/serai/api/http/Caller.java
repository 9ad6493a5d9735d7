// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.enterprise.context.RequestScoped;
import serai.container.Container;
import serai.image.Builds;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Who makes the present request. Filled by {@link Gate}. */
@RequestScoped
public class Caller {
    private Tenant tenant;
    private Container container;
    private Builds.Build build;

    void is(Tenant present) {
        tenant = present;
    }

    void is(Container present) {
        container = present;
    }

    void is(Builds.Build present) {
        build = present;
    }

    public Tenant tenant() {
        if (tenant == null) {
            throw new IllegalStateException("a resource asks for its tenant and is not open to tokens");
        }
        return tenant;
    }

    /** Also one that has ended. */
    public Container container() {
        if (container == null) {
            throw new IllegalStateException("a resource asks for its container and is not open to containers");
        }
        return container;
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if the caller is another container */
    public Container container(String id) {
        if (!container().id().equals(id)) {
            throw Problem.PERMISSION_DENIED.because(
                    "%s may not speak for %s", container().id(), id);
        }
        return container();
    }

    /** @throws serai.problem.ProblemException {@link Problem#PERMISSION_DENIED} if the caller builds something else, or is over */
    public Builds.Build build(String id) {
        if (build == null) {
            throw new IllegalStateException("a resource asks for its build and is not open to builds");
        }
        if (!build.id().value().equals(id)) {
            throw Problem.PERMISSION_DENIED.because("%s may not speak for %s", build.id(), id);
        }
        if (build.isOver()) {
            throw Problem.PERMISSION_DENIED.because("build %s is over: %s", build.id(), build.reason());
        }
        return build;
    }

    /** Whose container or build it is. */
    public String workspaceId() {
        return build == null ? container().workspaceId() : build.workspaceId();
    }
}
