// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.NewInput;
import serai.call.Outcome;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Deployments;
import serai.function.Function;
import serai.function.Functions;
import serai.id.Secret;
import serai.image.Builds;
import serai.image.Image;
import serai.image.RegistryTags;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/**
 * Layers that a function of the user's writes: it is published in an app of its own, called once, and what its container
 * wrote is the layer. In short transactions; when, is decided elsewhere.
 */
@ApplicationScoped
public class BuildFunctions {
    /** The client protocol's number for a call whose caller waits. */
    private static final int SYNC = 4;

    private final Builds builds;
    private final Apps apps;
    private final Functions functions;
    private final Deployments deployments;
    private final Pools pools;
    private final Calls calls;
    private final Containers containers;
    private final RegistryTags registry;
    private final Workspaces workspaces;

    @Inject
    public BuildFunctions(
            Builds builds,
            Apps apps,
            Functions functions,
            Deployments deployments,
            Pools pools,
            Calls calls,
            Containers containers,
            RegistryTags registry,
            Workspaces workspaces) {
        this.builds = builds;
        this.apps = apps;
        this.functions = functions;
        this.deployments = deployments;
        this.pools = pools;
        this.calls = calls;
        this.containers = containers;
        this.registry = registry;
        this.workspaces = workspaces;
    }

    public BuildFunctions() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /**
     * As {@link Builds#open(Image, boolean, Optional, String, Instant)}; a build that is new takes the function for its own.
     *
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for a function that was not made to build this image
     */
    @Transactional
    public Builds.Build open(
            Tenant tenant,
            Image image,
            boolean forced,
            Optional<String> functionId,
            String clientVersion,
            Instant now) {
        if (image.isMadeByFunction() != functionId.isPresent()) {
            throw Problem.INVALID_ARGUMENT.because("build_function and build_function_id belong together");
        }
        var function = functionId.map(id -> functions.get(tenant, id));
        var build = builds.open(image, forced, functionId, clientVersion, now);
        function.filter(made -> build.functionId().equals(Optional.of(made.id())))
                .ifPresent(made -> adopt(tenant, build, made, now));
        return build;
    }

    private void adopt(Tenant tenant, Builds.Build build, Function function, Instant now) {
        if (!appOf(function).internal() || builds.isOfAnother(build)) {
            throw Problem.INVALID_ARGUMENT.because("Function '%s' was not made to build this image", function.name());
        }
        if (function.definitionId() != null) {
            return; // somebody asks again
        }
        var layout = new Layout(Map.of(function.name(), function.id()), Map.of());
        var publication = new Apps.Publication("", App.State.DETACHED_DISCONNECTED, "", "", layout);
        deployments.publish(tenant, function.appId(), publication, Map.of(), now);
        var standsOn = functions.current(function).duties().imageId();
        if (!builds.below(build).equals(standsOn)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Function '%s' runs on image '%s', which is not what its image stands on",
                    function.name(), standsOn);
        }
    }

    /** The app of the build's function; empty where commands build. */
    @Transactional
    public Optional<App> app(Builds.Build build) {
        return build.functionId().map(id -> appOf(functions.find(id).orElseThrow()));
    }

    private App appOf(Function function) {
        return apps.find(function.appId()).orElseThrow();
    }

    /** Puts the build's one input into the queue, unless somebody else has done so since the look. */
    @Transactional
    public void call(Builds.Build build) {
        var function = functions.find(build.functionId().orElseThrow()).orElseThrow();
        pools.of(function);
        var target = calls.target(workspaces.tenant(build.workspaceId()), function.id());
        var ids = Calls.Started.one();
        if (!builds.called(build, ids.callId())) {
            return;
        }
        var call = new Calls.NewCall(FunctionCall.Kind.UNARY, SYNC, null);
        var input = new NewInput(0, "", builds.functionInput(build));
        if (!calls.startOne(target, call, input, ids, Optional.empty())) {
            throw Problem.APP_STOPPED.because("the app of build %s is being stopped", build.id());
        }
    }

    /** What is to be seen of the build's last call. */
    @Transactional
    public Sight sight(Builds.Build build, Instant now) {
        var callId = build.callId().orElseThrow();
        var app = app(build).orElseThrow();
        var output = calls.outputsAfter(callId, 0, 1).stream().findFirst();
        return new Sight(
                app.state().runs(),
                output.map(o -> o.outcome()),
                output.map(o -> o.reason()).orElse(""),
                !containers.liveOfApp(app.id()).isEmpty(),
                calls.lastFinish(callId).map(at -> Duration.between(at, now)).orElse(Duration.ZERO),
                build.calls());
    }

    /**
     * @param outcome of the call; empty until it has one
     * @param reason the platform's, where it decided the outcome; else empty
     * @param anyContainer whether one is alive, which may still have something to say
     * @param sinceThen since the outcome
     * @param calls so far
     */
    public record Sight(
            boolean appRuns,
            Optional<Outcome> outcome,
            String reason,
            boolean anyContainer,
            Duration sinceThen,
            int calls) {
        /** For the last words of a container whose function has failed; they are to come before the end of the build. */
        static final Duration LAST_WORDS = Duration.ofSeconds(10);

        /** @param maxCalls whose containers may be lost before they have kept what was written */
        Next next(int maxCalls) {
            if (!appRuns) {
                return new Next.End(Builds.State.CANCELLED, "its function was stopped");
            }
            if (outcome.isEmpty()) {
                return new Next.Wait();
            }
            if (outcome.get() == Outcome.SUCCESS) {
                if (anyContainer) {
                    return new Next.Wait(); // for the layer
                }
                return calls < maxCalls
                        ? new Next.Call()
                        : new Next.End(
                                Builds.State.FAILED,
                                "%d containers of its function ended before they had kept what was written"
                                        .formatted(calls));
            }
            if (anyContainer && sinceThen.compareTo(LAST_WORDS) < 0) {
                return new Next.Wait();
            }
            return switch (outcome.get()) {
                case TIMEOUT -> new Next.End(Builds.State.TIMED_OUT, inWords("its function took too long"));
                case TERMINATED -> new Next.End(Builds.State.CANCELLED, inWords("its function was stopped"));
                case SUCCESS, FAILURE, INTERNAL_FAILURE ->
                    new Next.End(Builds.State.FAILED, inWords("its function failed"));
            };
        }

        private String inWords(String standard) {
            return reason.isEmpty() ? standard : reason;
        }
    }

    /** What to do about it. */
    public sealed interface Next {
        record Wait() implements Next {}

        /** Again: the layer was lost with its container. */
        record Call() implements Next {}

        record End(Builds.State state, String reason) implements Next {}
    }

    /**
     * The container shows that it is alive and asks whether it shall keep what it wrote: only the one whose result was
     * taken, and only of a success.
     */
    @Transactional
    public Optional<Builds.Build> wants(Container container, Instant now) {
        containers.heartbeat(container.id(), now);
        return builds.ofFunction(container.functionId()).filter(build -> isOf(build, container));
    }

    private boolean isOf(Builds.Build build, Container container) {
        var call = build.callId();
        return call.isPresent()
                && calls.input(call.get(), 0)
                        .filter(input -> container.id().equals(input.containerId()))
                        .isPresent()
                && calls.outputsAfter(call.get(), 0, 1).stream().anyMatch(o -> o.outcome() == Outcome.SUCCESS);
    }

    /**
     * The container's runner pushes what it wrote, which is to be a layer.
     *
     * @throws serai.problem.ProblemException as {@link #keep} does
     */
    @Transactional
    public void announce(Container container, String tag, String proof, Instant now) {
        registry.announce(proved(container, proof, now).id(), List.of(tag), now);
    }

    private Builds.Build proved(Container container, String proof, Instant now) {
        if (proof == null || !Secret.isSame(pools.get(container.poolId()).secret(), proof)) {
            throw Problem.UNAUTHENTICATED.because("what %s wrote is told by its runner", container.id());
        }
        return wants(container, now)
                .orElseThrow(
                        () -> Problem.CONTAINER_REFUSED.because("no build waits for what %s wrote", container.id()));
    }

    /**
     * What the container wrote is a layer now, and the build is done.
     *
     * @param proof the pool's secret, which only its runner has
     * @throws serai.problem.ProblemException {@link Problem#CONTAINER_REFUSED} if nobody wants it any more, {@link
     *     Problem#UNAUTHENTICATED} if it is not the runner who tells
     */
    @Transactional
    public Builds.Build keep(Container container, String digest, long size, String proof, Instant now) {
        var build = proved(container, proof, now);
        builds.made(build, build.imageId(), digest, size, "", List.of(), now);
        builds.end(build.id(), Builds.State.DONE, "", now);
        return build;
    }
}
