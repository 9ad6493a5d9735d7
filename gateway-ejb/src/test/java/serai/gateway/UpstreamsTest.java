// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.serve.Door;

class UpstreamsTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private Container container;

    @BeforeEach
    void start() throws Exception {
        container = new Container(Wire::rest);
    }

    @AfterEach
    void stop() throws Exception {
        container.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private Upstream connect(Upstreams upstreams) throws Exception {
        var upstream = upstreams.connect(container.door(), loops.next());
        upstream.flush();
        return upstream;
    }

    @Test
    void theOneThatWasUsedLastIsUsedFirst() throws Exception {
        try (var upstreams = new Upstreams(1_000)) {
            var first = connect(upstreams);
            var second = connect(upstreams);
            upstreams.giveBack(first);
            upstreams.giveBack(second);
            assertThat(upstreams.kept(container.door(), LONG)).contains(second);
            assertThat(upstreams.kept(container.door(), LONG)).contains(first);
            assertThat(upstreams.kept(container.door(), LONG)).isEmpty();
        }
    }

    @Test
    void oneThatHasWaitedTooLongForTheRequestIsLeft() throws Exception {
        try (var upstreams = new Upstreams(1_000)) {
            upstreams.giveBack(connect(upstreams));
            assertThat(upstreams.kept(container.door(), Duration.ZERO)).isEmpty();
            assertThat(upstreams.kept(container.door(), LONG)).isPresent();
        }
    }

    @Test
    void anotherDoorHasItsOwn() throws Exception {
        try (var upstreams = new Upstreams(1_000)) {
            upstreams.giveBack(connect(upstreams));
            var door = container.door();
            assertThat(upstreams.kept(new Door("co-2", door.host(), door.port(), door.token()), LONG))
                    .isEmpty();
            assertThat(upstreams.kept(new Door("co-1", door.host(), door.port(), "another"), LONG))
                    .isEmpty();
        }
    }

    @Test
    void oneThatIsNotUsedEnds() throws Exception {
        try (var upstreams = new Upstreams(1_000, Duration.ofMillis(50), 10)) {
            upstreams.giveBack(connect(upstreams));
            assertThat(container.over()).isNotNull();
            assertThat(upstreams.size()).isZero();
        }
    }

    @Test
    void oneThatIsUsedMeanwhileEndsLater() throws Exception {
        try (var upstreams = new Upstreams(1_000, Duration.ofMillis(50), 10)) {
            var upstream = connect(upstreams);
            upstreams.giveBack(upstream);
            assertThat(upstreams.kept(container.door(), LONG)).contains(upstream);
            assertThat(loops.schedule(() -> {}, 100, TimeUnit.MILLISECONDS).await(30, TimeUnit.SECONDS))
                    .isTrue(); // it was looked at
            assertThat(upstream.isOpen()).isTrue();
            upstreams.giveBack(upstream);
            assertThat(container.over()).isNotNull();
        }
    }

    @Test
    void oneThatTheContainerEndsIsNotKept() throws Exception {
        try (var upstreams = new Upstreams(1_000);
                var ending = new Container(connection -> {})) {
            var upstream = upstreams.connect(ending.door(), loops.next());
            upstreams.giveBack(upstream);
            upstream.flush();
            assertThat(upstream.channel().closeFuture().await(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(upstreams.kept(ending.door(), LONG)).isEmpty();
        }
    }

    @Test
    void moreThanAreAllowedAreNotKept() throws Exception {
        try (var upstreams = new Upstreams(1_000, LONG, 2)) {
            var three = new Upstream[] {connect(upstreams), connect(upstreams), connect(upstreams)};
            for (var one : three) {
                upstreams.giveBack(one);
            }
            assertThat(container.over()).isNotNull();
            assertThat(upstreams.size()).isEqualTo(2);
        }
    }

    @Test
    void ofAContainerThatIsOverNothingIsKept() throws Exception {
        try (var upstreams = new Upstreams(1_000)) {
            upstreams.giveBack(connect(upstreams));
            upstreams.forget("co-2");
            assertThat(upstreams.size()).isEqualTo(1);
            upstreams.forget("co-1");
            assertThat(container.over()).isNotNull();
            assertThat(upstreams.size()).isZero();
        }
    }

    @Test
    void inTheEndAllEnd() throws Exception {
        var upstreams = new Upstreams(1_000);
        var used = connect(upstreams);
        upstreams.giveBack(connect(upstreams));
        upstreams.close();
        assertThat(container.over()).isNotNull();
        assertThat(used.isOpen()).isTrue();
        upstreams.giveBack(used);
        assertThat(container.over()).isNotNull();
    }

    @Test
    void aNameThatNobodyKnowsIsUnreachable() {
        try (var upstreams = new Upstreams(1_000)) {
            var none = "x".repeat(300); // nobody is asked for such a name
            assertThatThrownBy(() -> upstreams.connect(new Door("co-1", none, 1, "t"), loops.next()))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining(none);
        }
    }
}
