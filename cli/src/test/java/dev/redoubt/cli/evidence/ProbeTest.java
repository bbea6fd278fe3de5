package dev.redoubt.cli.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Outcome;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.ServerProcess.Listener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a probe says of what it could not see, and how sockets of this very process look from outside.
final class ProbeTest {
    private static Probe.Finding run(Probe.Look look) throws InterruptedException {
        return new Probe(List.of(Requirement.R1_2), "looked", "something", look).run();
    }

    @Test
    void whatCannotBeSeenIsNeverPassed() throws InterruptedException {
        assertThat(run(() -> Seen.passed("yes")).seen().outcome()).isEqualTo(Outcome.PASSED);
        assertThat(run(() -> {
                            throw new IOException("gone");
                        })
                        .seen())
                .isEqualTo(Seen.notObserved("IOException: gone"));
        assertThat(run(() -> {
                            throw new IllegalStateException("odd");
                        })
                        .seen()
                        .outcome())
                .isEqualTo(Outcome.NOT_OBSERVED);
    }

    @Test
    void whoListensOnWhatIsSeen() throws IOException {
        try (ServerSocket own = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket open = new ServerSocket(0)) {
            ServerProcess process =
                    ServerProcess.listeningOn(own.getLocalPort()).orElseThrow();
            assertThat(process.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(process.listening())
                    .anyMatch(one -> one.port() == own.getLocalPort() && one.loopback())
                    .anyMatch(one -> one.port() == open.getLocalPort() && !one.loopback());
            assertThat(process.arguments()).isNotEmpty();
            assertThat(process.field("status", "TracerPid")).matches("\\d+");
        }
        assertThat(ServerProcess.listeningOn(1)).isEmpty();
    }

    @Test
    void addressesOfLoopbackAreKnown() {
        for (String address :
                List.of("0100007F", "0900097F", "0".repeat(24) + "01000000", "0000000000000000FFFF00000100007F"))
            assertThat(new Listener(address, 80, "1").loopback()).as(address).isTrue();
        for (String address : List.of("00000000", "0101A8C0", "0".repeat(32), "0000000000000000FFFF00000101A8C0"))
            assertThat(new Listener(address, 80, "1").loopback()).as(address).isFalse();
        assertThat(new Listener("0101A8C0", 80, "1").shown()).isEqualTo("192.168.1.1:80");
    }
}
