package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.kernels.KvFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How much the machine has, and what of it the KV pool takes.
final class MemoryTest {
    private static final long BLOCK = 1 << 20;

    @TempDir
    Path root = Path.of("");

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        Files.writeString(file, text);
    }

    private OptionalLong available() {
        return new MachineMemory(root).available();
    }

    @Test
    void withoutAControlGroupTheMachineCounts() throws IOException {
        assertThat(available()).isEmpty();
        file("proc/meminfo", "MemTotal:       100 kB\nMemAvailable:    1000 kB\n");
        assertThat(available()).hasValue(1000 * 1024);
        file("proc/self/cgroup", "0::/a/b\n");
        file("sys/fs/cgroup/a/b/memory.max", "max\n");
        assertThat(available()).hasValue(1000 * 1024);
    }

    @Test
    void theTightestControlGroupOnTheWayUpCounts() throws IOException {
        file("proc/meminfo", "MemAvailable: 1000000 kB\n");
        file("proc/self/cgroup", "0::/a/b\n");
        file("sys/fs/cgroup/a/b/memory.max", "9000000\n");
        file("sys/fs/cgroup/a/b/memory.current", "1000000\n");
        file("sys/fs/cgroup/a/memory.max", "5000000\n");
        file("sys/fs/cgroup/a/memory.current", "4000000\n");
        file("sys/fs/cgroup/a/memory.stat", "anon 7\ninactive_file 500000\n");
        assertThat(available()).hasValue(1_500_000);
    }

    @Test
    void aGroupOutsideOfTheContainerIsReadAtItsMount() throws IOException {
        file("proc/meminfo", "MemAvailable: 1000000 kB\n");
        file("proc/self/cgroup", "0::/../../host/pod\n");
        file("sys/fs/cgroup/memory.max", "4096\n");
        file("sys/fs/cgroup/memory.current", "96\n");
        assertThat(available()).hasValue(4000);
    }

    @Test
    void versionOneGroupsCountToo() throws IOException {
        file("proc/meminfo", "MemAvailable: 1000000 kB\n");
        file("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/x\n");
        file("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
        file("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "96\n");
        file("sys/fs/cgroup/memory/memory.limit_in_bytes", "8192\n");
        file("sys/fs/cgroup/memory/memory.usage_in_bytes", "192\n");
        assertThat(available()).hasValue(8000);
    }

    private static EngineOptions options(OptionalLong kvBytesMax) {
        return new EngineOptions(
                "scalar",
                1,
                1600,
                4,
                64,
                32,
                16,
                0.5,
                KvFormat.F16,
                kvBytesMax,
                PrefixSharing.PRINCIPAL,
                true,
                RequestLimits.DEFAULT);
    }

    @Test
    void V2_1_thePoolIsTheLeastOfLimitsMemoryAndBound() {
        OptionalLong none = OptionalLong.empty();
        assertThat(KvPoolSize.blocks(options(none), 1600, BLOCK, OptionalLong.of(10_000 * BLOCK)))
                .isEqualTo(400);
        assertThat(KvPoolSize.blocks(options(none), 1600, BLOCK, OptionalLong.of(300 * BLOCK)))
                .isEqualTo(150);
        assertThat(KvPoolSize.blocks(options(OptionalLong.of(9 * BLOCK)), 1600, BLOCK, OptionalLong.of(300 * BLOCK)))
                .isEqualTo(9);
        assertThat(KvPoolSize.blocks(options(OptionalLong.of(9 * BLOCK)), 1600, BLOCK, none))
                .isEqualTo(9);
    }

    @Test
    void V2_1_aPoolThatTheMachineCannotHoldIsRefusedWithTheWayOut() {
        OptionalLong none = OptionalLong.empty();
        assertThatThrownBy(() -> KvPoolSize.blocks(options(none), 1600, BLOCK, OptionalLong.of(100 * BLOCK)))
                .isInstanceOf(StartRefusal.class)
                .hasMessage(
                        "available memory holds 800 tokens of KV cache, one context has 1600: lower max-model-len or free memory");
        assertThatThrownBy(() -> KvPoolSize.blocks(
                        options(OptionalLong.of(90 * BLOCK)), 1600, BLOCK, OptionalLong.of(100 * BLOCK)))
                .hasMessage(
                        "KV pool of 90 MiB, 50 MiB is what 50 % of the available memory holds: allow the pool less or free memory");
        assertThatThrownBy(() -> KvPoolSize.blocks(options(OptionalLong.of(9)), 1600, BLOCK, none))
                .isInstanceOf(StartRefusal.class);
        assertThatThrownBy(() -> KvPoolSize.blocks(options(none), 1600, BLOCK, none))
                .isInstanceOf(StartRefusal.class);
    }
}
