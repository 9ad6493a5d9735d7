// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;
import serai.id.NewId;
import serai.problem.ProblemException;
import serai.signal.Signals;

/** Builders and collectors of one registry, a step at a time in any order, on a real database. */
class RegistryTagsTest {
    private static final Instant NOW = Instant.parse("2026-04-01T12:00:00Z");

    private static final Jdbi JDBI = oneConnection();
    private static final RegistryTags TAGS = new RegistryTags(JDBI);
    private static final Builds BUILDS = new Builds(JDBI, null, new Signals());
    private static final String WORKSPACE = workspace();

    /** Some ten thousand statements, whose outcome needs to survive nothing. */
    private static Jdbi oneConnection() {
        try {
            var connection = TestDatabase.source().getConnection();
            var jdbi = Jdbi.create(connection).registerArrayType(String.class, "text");
            jdbi.useHandle(h -> h.execute("set synchronous_commit = off"));
            return jdbi;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String workspace() {
        var id = NewId.of("ws");
        JDBI.useHandle(h -> h.execute("insert into workspace (id, name) values (?, ?)", id, id));
        return id;
    }

    private static String image() {
        var id = NewId.of("im");
        JDBI.useHandle(h -> h.execute(
                "insert into image (id, workspace_id, builder_version, needs_build) values (?, ?, '2026.10', true)",
                id,
                WORKSPACE));
        return id;
    }

    private static String digest() {
        return NewId.of("")
                .replaceAll("[^0-9A-Za-z]", "")
                .chars()
                .mapToObj("%02x"::formatted)
                .reduce("", String::concat)
                .concat("0".repeat(64))
                .substring(0, 64);
    }

    private static String tag(String digest) {
        return "layer-" + digest.substring(0, 32);
    }

    private static Builds.Build open(String image) {
        return BUILDS.open(image, WORKSPACE, false, Optional.empty(), "1.6.4", NOW);
    }

    private static void made(Builds.Build build, String digest) {
        BUILDS.made(build, build.imageId(), digest, 1, "", List.of(), NOW);
    }

    private static void forgetAll() {
        new Garbage(JDBI).collect(NOW.plusSeconds(1), Long.MAX_VALUE, NOW.minusSeconds(1));
    }

    private static boolean isGarbage(String tag) {
        return TAGS.garbage(NOW).stream().anyMatch(it -> it.tag().equals(tag));
    }

    private static RegistryTags.Tag listed(String tag) {
        return TAGS.garbage(NOW).stream()
                .filter(it -> it.tag().equals(tag))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatABuildPushes_isGarbageOnlyWhenTheLayerIsForgotten() {
        var digest = digest();
        var build = open(image());
        TAGS.announce(build.id(), List.of(tag(digest)), NOW);
        assertThat(isGarbage(tag(digest))).as("while it is pushed").isFalse();
        made(build, digest);
        BUILDS.end(build.id(), Builds.State.DONE, "", NOW);
        assertThat(isGarbage(tag(digest))).as("while an image has it").isFalse();
        forgetAll();
        assertThat(isGarbage(tag(digest))).isTrue();
        TAGS.gone(listed(tag(digest)));
        assertThat(isGarbage(tag(digest))).as("once it is gone").isFalse();
    }

    @Test
    void whatAKilledBuilderPushed_isGarbageWhenItsBuildIsOver() {
        var digest = digest();
        var build = open(image());
        TAGS.announce(build.id(), List.of(tag(digest)), NOW);
        BUILDS.end(build.id(), Builds.State.FAILED, "it was killed", NOW);
        assertThat(isGarbage(tag(digest))).isTrue();
        assertThatThrownBy(() -> made(build, digest)).isInstanceOf(ProblemException.class);
        assertThatThrownBy(() -> TAGS.announce(build.id(), List.of(tag(digest)), NOW))
                .isInstanceOf(ProblemException.class);
    }

    @Test
    void whatIsAnnouncedAfterItWasListed_mayNotGo_norIsItForgottenThatTheRegistryHasIt() {
        var digest = digest();
        var first = open(image());
        TAGS.announce(first.id(), List.of(tag(digest)), NOW);
        BUILDS.end(first.id(), Builds.State.FAILED, "", NOW);
        var seen = listed(tag(digest));
        assertThat(TAGS.mayGo(seen, Optional.empty(), NOW)).isTrue();

        var second = open(image());
        TAGS.announce(second.id(), List.of(tag(digest)), NOW);
        assertThat(TAGS.mayGo(seen, Optional.empty(), NOW))
                .as("is being pushed")
                .isFalse();
        BUILDS.end(second.id(), Builds.State.FAILED, "", NOW);
        assertThat(TAGS.mayGo(seen, Optional.empty(), NOW))
                .as("was pushed since")
                .isFalse();
        TAGS.gone(seen);
        assertThat(isGarbage(tag(digest))).isTrue();
        assertThat(TAGS.mayGo(listed(tag(digest)), Optional.empty(), NOW)).isTrue();
    }

    @Test
    void whatAPublicationIs_mayNotGoByAnotherTag() {
        var image = image();
        var digest = digest();
        var manifest = "sha256:" + digest;
        JDBI.useHandle(h -> h.execute(
                "insert into image_publication (image_id, client_version, reference, published_at) values (?, '1.6.4', ?, ?)",
                image,
                "registry.example/serai@" + manifest,
                Timestamp.from(NOW)));
        var build = open(image);
        TAGS.announce(build.id(), List.of(tag(digest), image + "-1.6.4"), NOW);
        BUILDS.end(build.id(), Builds.State.DONE, "", NOW);
        assertThat(isGarbage(image + "-1.6.4")).as("a publication's tag").isFalse();
        var seen = listed(tag(digest));
        assertThat(TAGS.mayGo(seen, Optional.of(manifest), NOW)).isFalse();
        assertThat(TAGS.mayGo(seen, Optional.of("sha256:" + digest()), NOW)).isTrue();
    }

    @Test
    void whatANodePutsThereAgain_staysForTheTimeThatThisTakes() {
        var digest = digest();
        TAGS.missed(List.of(tag(digest)), NOW);
        assertThat(isGarbage(tag(digest))).isFalse();
        assertThat(TAGS.garbage(NOW.plus(Duration.ofHours(2))))
                .extracting(RegistryTags.Tag::tag)
                .contains(tag(digest));
    }

    /** Two builders of one layer, two collectors, and a server that forgets; each goes some steps, or is killed at any. */
    @Property(tries = 100)
    void whateverTheOrder_aLayerThatIsKnownIsInTheRegistry_andInTheEndNothingElseIs(
            @ForAll @Size(min = 10, max = 40) List<@From("turns") Turn> turns) {
        var registry = new Registry();
        var layer = digest();
        var actors = List.<Actor>of(
                new Builder(registry, layer),
                new Builder(registry, layer),
                new Collector(registry),
                new Collector(registry));
        for (var turn : turns) {
            if (turn.actor() == actors.size()) {
                forgetAll();
            } else if (turn.steps() == 0) {
                actors.get(turn.actor()).kill();
            }
            for (int i = 0; i < turn.steps() && turn.actor() < actors.size(); i++) {
                actors.get(turn.actor()).step();
                assertThat(!isKnown(layer) || registry.tags.containsKey(tag(layer)))
                        .as("%s is in the registry", tag(layer))
                        .isTrue();
            }
        }
        actors.forEach(Actor::kill);
        forgetAll();
        var last = new Collector(registry);
        for (int i = 0; i < Collector.STEPS; i++) {
            last.step();
        }
        assertThat(registry.tags).isEmpty();
        assertThat(isGarbage(tag(layer))).isFalse();
    }

    /** @param steps that it goes; 0: it is killed */
    record Turn(int actor, int steps) {}

    @Provide
    Arbitrary<Turn> turns() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 4),
                        Arbitraries.integers().between(0, 5))
                .as(Turn::new);
    }

    private interface Actor {
        void step();

        /** Where it is: it begins again. */
        void kill();
    }

    private static boolean isKnown(String digest) {
        return JDBI.withHandle(h -> h.createQuery("select exists (select 1 from layer where digest = :digest)")
                .bind("digest", digest)
                .mapTo(Boolean.class)
                .one());
    }

    /** Manifests by tags; one goes with its tags. */
    private static final class Registry {
        final Map<String, String> tags = new HashMap<>();
        private int pushes;

        void push(String tag) {
            tags.put(tag, "sha256:%064d".formatted(++pushes));
        }

        void delete(String manifest) {
            tags.values().removeIf(manifest::equals);
        }
    }

    /** Opens, announces, pushes, tells, ends, and begins again. */
    private static final class Builder implements Actor {
        private final Registry registry;
        private final String digest;
        private final String image = image();
        private Builds.Build build;
        private int at;

        Builder(Registry registry, String digest) {
            this.registry = registry;
            this.digest = digest;
        }

        @Override
        public void step() {
            switch (at) {
                case 0 -> build = open(image);
                case 1 -> TAGS.announce(build.id(), List.of(tag(digest)), NOW);
                case 2 -> registry.push(tag(digest));
                case 3 -> made(build, digest);
                default -> BUILDS.end(build.id(), Builds.State.DONE, "", NOW);
            }
            at = (at + 1) % 5;
        }

        @Override
        public void kill() {
            if (at > 0) {
                BUILDS.end(build.id(), Builds.State.FAILED, "it was killed", NOW);
            }
            at = 0;
        }
    }

    /** Lists, looks, asks, deletes, tells, and begins again. */
    private static final class Collector implements Actor {
        static final int STEPS = 5;

        private final Registry registry;
        private List<RegistryTags.Tag> listed = List.of();
        private final Map<RegistryTags.Tag, Optional<String>> seen = new HashMap<>();
        private int at;

        Collector(Registry registry) {
            this.registry = registry;
        }

        @Override
        public void step() {
            switch (at) {
                case 0 -> listed = TAGS.garbage(NOW);
                case 1 -> listed.forEach(tag -> seen.put(tag, Optional.ofNullable(registry.tags.get(tag.tag()))));
                case 2 -> seen.entrySet().removeIf(it -> !TAGS.mayGo(it.getKey(), it.getValue(), NOW));
                case 3 -> seen.values().forEach(manifest -> manifest.ifPresent(registry::delete));
                default -> {
                    seen.keySet().stream()
                            .filter(tag -> !registry.tags.containsKey(tag.tag()))
                            .forEach(TAGS::gone);
                    seen.clear();
                }
            }
            at = (at + 1) % STEPS;
        }

        @Override
        public void kill() {
            seen.clear();
            at = 0;
        }
    }
}
