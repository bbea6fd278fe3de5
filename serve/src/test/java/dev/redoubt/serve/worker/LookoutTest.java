package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LookoutTest {
    private final Lookout lookout = new Lookout();
    private long now = Long.MAX_VALUE - 100; // a clock may go over its end

    /// A wait for so many frames.
    private boolean looks(int frames) {
        boolean looks = lookout.again(++now);
        lookout.found();
        for (int i = 0; i < frames; i++) lookout.came();
        return looks;
    }

    @Test
    void whereFramesComeOneAtATimeItIsLookedForAMoment() {
        for (int i = 1; i < Lookout.ALONE_MIN; i++) assertThat(looks(1)).isFalse();
        assertThat(looks(1)).isTrue();
        assertThat(lookout.again(++now)).isTrue();
        assertThat(lookout.again(now + Lookout.LOOK_NANOS)).isTrue();
        assertThat(lookout.again(now + Lookout.LOOK_NANOS + 1)).isFalse();
    }

    @Test
    void whereTheyComeTogetherItIsSleptAtOnce() {
        for (int i = 0; i < Lookout.ALONE_MIN; i++) looks(1);
        assertThat(looks(2)).isTrue();
        for (int i = 0; i < Lookout.ALONE_MIN; i++) assertThat(looks(1)).isFalse();
        assertThat(looks(1)).isTrue();
    }
}
