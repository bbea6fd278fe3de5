package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.serve.spec.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What the kernel does with a worker's group, where it has version 2 and the group is ours: `./redoubt dev isolation`
/// runs them in a machine that has.
class CgroupKernelTest {
    private static final Path MOUNT = Path.of("/sys/fs/cgroup");
    private static final long MEMORY_BYTES = 64L << 20;
    private static Optional<Cgroup> cgroup = Optional.empty();

    private record Started(Process process, Cgroup.Group group) {}

    private @Nullable Started started;

    @BeforeAll
    static void find() {
        cgroup = Cgroup.find(MOUNT, Path.of("/proc/self/cgroup"));
        assumeTrue(cgroup.isPresent(), "there is no group of version 2 that is ours");
    }

    /// Waits for a word before it begins, so that all of it runs in the group.
    private Started start(String script, double cpus, int threadsMax) throws IOException {
        Process process = new ProcessBuilder("sh", "-c", "read go; " + script)
                .redirectErrorStream(true)
                .start();
        Cgroup.Group group = cgroup.orElseThrow()
                .add("kernel-test-" + process.pid(), process.pid(), Resources.of(cpus, MEMORY_BYTES), threadsMax);
        Started now = new Started(process, group);
        started = now;
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        return now;
    }

    @AfterEach
    void end() throws Exception {
        Started left = started;
        if (left == null) return;
        left.process.descendants().forEach(ProcessHandle::destroyForcibly);
        assertThat(left.process.destroyForcibly().waitFor(10, TimeUnit.SECONDS)).isTrue();
        left.group.close();
    }

    @Test
    void R4_2_whoTakesMoreMemoryThanItsGroupHasIsKilled() throws Exception {
        Started hog = start("tail /dev/zero", 1, 64); // keeps all of the line, which never ends
        assertThat(hog.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(hog.process.exitValue()).isNotZero();
        assertThat(hog.group.outOfMemory()).isTrue();
    }

    @Test
    void R4_2_whoComputesWithoutEndGetsItsShareOfTheProcessors() throws Exception {
        Process busy = start("while :; do :; done", 0.2, 64).process;
        long begin = System.nanoTime();
        assertThat(busy.waitFor(3, TimeUnit.SECONDS)).isFalse();
        double elapsed = (System.nanoTime() - begin) / 1e9;
        Duration used = busy.info().totalCpuDuration().orElseThrow();
        assertThat(used.toNanos() / 1e9 / elapsed).isBetween(0.05, 0.3);
    }

    @Test
    void R4_2_processesAndThreadsTogetherAreBounded() throws Exception {
        Process many = start("for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait", 1, 5).process;
        assertThat(new String(many.getInputStream().readNBytes(20), java.nio.charset.StandardCharsets.UTF_8))
                .as("what the shell says of the fifth")
                .contains("fork");
        assertThat(many.descendants().count()).isLessThan(5);
    }
}
