package dev.redoubt.policy.limit;

import static dev.redoubt.policy.limit.RateLimiterTest.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ServeException;
import dev.redoubt.testkit.ManualClock;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class FailureLimitTest {
    private final ManualClock clock = new ManualClock();
    private final FailureLimit limit = new FailureLimit(600, clock);

    @Test
    void V5_3_sixHundredFailuresAreCountedAndTheNextIsTooMany() {
        InetAddress stranger = InetAddress.ofLiteral("192.0.2.7");
        for (int i = 0; i < 600; i++) limit.failed(stranger);
        assertThat(refused(() -> limit.failed(stranger))).isEqualTo(Duration.ofMillis(100));
        limit.failed(InetAddress.ofLiteral("192.0.2.8"));
        clock.advance(Duration.ofMillis(100));
        limit.failed(stranger);
        refused(() -> limit.failed(stranger));
    }

    @Test
    void V5_3_aPrefixOf64BitsIsOneStranger() {
        for (int i = 0; i < 600; i++) limit.failed(InetAddress.ofLiteral("2001:db8:1:2::" + Integer.toHexString(i)));
        refused(() -> limit.failed(InetAddress.ofLiteral("2001:db8:1:2:ffff::1")));
        limit.failed(InetAddress.ofLiteral("2001:db8:1:3::1"));
    }

    @Test
    void afterAFloodFromEverywhereAMinuteIsEnough() throws UnknownHostException {
        int refused = 0;
        for (int i = 0; i < 6_000_000; i++) {
            byte[] address = {32, 1, (byte) (i >> 16), (byte) (i >> 8), (byte) i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
            if (!taken(InetAddress.getByAddress(address))) refused++;
        }
        assertThat(refused).as("places are shared").isPositive();
        clock.advance(Duration.ofSeconds(60));
        limit.failed(InetAddress.ofLiteral("192.0.2.7"));
    }

    private boolean taken(InetAddress from) {
        try {
            limit.failed(from);
            return true;
        } catch (ServeException tooMany) {
            return false;
        }
    }
}
