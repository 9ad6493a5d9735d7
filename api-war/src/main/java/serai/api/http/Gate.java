// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;
import serai.config.AdminConfig;
import serai.container.Container;
import serai.container.Containers;
import serai.id.Secret;
import serai.image.Builds;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.workspace.Tokens;

/** Finds out who calls, and remembers it in {@link Caller} for the rest of the request. */
@ApplicationScoped
public class Gate {
    private final Tokens tokens;
    private final Containers containers;
    private final Builds builds;
    private final Optional<byte[]> admin;
    private final Caller caller;

    @Inject
    public Gate(Tokens tokens, Containers containers, Builds builds, AdminConfig admin, Caller caller) {
        this.tokens = tokens;
        this.containers = containers;
        this.builds = builds;
        this.admin = admin == null ? Optional.empty() : admin.token().map(Secret::hash);
        this.caller = caller;
    }

    public Gate() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /**
     * @param authorization the request's header; null if there is none
     * @throws serai.problem.ProblemException {@link Problem#UNAUTHENTICATED}, {@link Problem#PERMISSION_DENIED}
     */
    void admit(Access.By by, String authorization) {
        switch (by) {
            case TOKEN -> token(Bearer.of(authorization));
            case ADMIN -> admin(Bearer.of(authorization));
            case CONTAINER -> container(Bearer.of(authorization));
            case BUILD -> build(Bearer.of(authorization));
            case RUNNER -> runner(Bearer.of(authorization));
            case ITSELF -> {}
        }
    }

    private void token(Bearer bearer) {
        caller.is(bearer.pair()
                .flatMap(token -> tokens.authenticate(token.id(), token.secret()))
                .orElseThrow(() -> refused("token")));
    }

    private void admin(Bearer bearer) {
        var right = admin.orElseThrow(() -> Problem.PERMISSION_DENIED.because(
                "no administrator is set up: the server was started without serai.admin.token"));
        if (!Secret.matches(bearer.token(), right)) {
            throw refused("administrator's token");
        }
    }

    private void container(Bearer bearer) {
        caller.is(containerOf(bearer).orElseThrow(() -> refused("container's token")));
    }

    private void build(Bearer bearer) {
        caller.is(buildOf(bearer).orElseThrow(() -> refused("build's token")));
    }

    /** Containers ask most. */
    private void runner(Bearer bearer) {
        containerOf(bearer)
                .ifPresentOrElse(
                        caller::is, () -> caller.is(buildOf(bearer).orElseThrow(() -> refused("container's token"))));
    }

    private Optional<Container> containerOf(Bearer bearer) {
        return bearer.pair().flatMap(token -> containers.find(token.id()).filter(c -> c.knows(token.secret())));
    }

    private Optional<Builds.Build> buildOf(Bearer bearer) {
        return bearer.pair().flatMap(token -> builds.authenticate(token.id(), token.secret()));
    }

    private static ProblemException refused(String what) {
        return Problem.UNAUTHENTICATED.because("the %s is unknown, wrong or revoked", what);
    }
}
