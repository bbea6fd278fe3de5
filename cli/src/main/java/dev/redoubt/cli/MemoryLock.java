package dev.redoubt.cli;

import dev.redoubt.base.generation.ModelRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// V2.2: where the host can swap, keys and values are locked in memory, or nothing starts.
///
/// @param swaps what the system swaps to, as `/proc/swaps` lists it
/// @param limits of this process, as `/proc/self/limits` lists them
record MemoryLock(Path swaps, Path limits) {
    /* Swap in compressed memory (zram) counts like a disk's: a page that is swapped leaves the pool, so that zeroing its block no longer
     * reaches the copy; and zram can write its own pages back to a disk. A kernel without swap has no /proc/swaps. */
    static MemoryLock ofSystem() {
        return new MemoryLock(Path.of("/proc/swaps"), Path.of("/proc/self/limits"));
    }

    /// Where pages could go; empty: nowhere.
    List<String> swapsInUse() throws IOException {
        if (Files.notExists(swaps)) return List.of();
        return Files.readAllLines(swaps).stream()
                .skip(1) // names of columns
                .filter(line -> !line.isBlank())
                .map(line -> line.split("\\s+", 2)[0])
                .toList();
    }

    /// @throws Refusal if the pool could be swapped
    void check(ModelRuntime runtime) throws IOException {
        List<String> swapping = swapsInUse();
        if (runtime.kvLocked() || swapping.isEmpty()) return;
        throw new Refusal(List.of(Refusal.line(
                "V2.2",
                "swap:" + String.join(",", swapping) + ",memory-lock:refused-at-" + limit(),
                "no swap, or the KV pool of " + runtime.kvBytes() + " bytes locked in memory",
                "raise the limit of locked memory to that and more (ulimit -l in KiB; LimitMEMLOCK= of a systemd unit; --ulimit "
                        + "memlock=-1 of a container), or swapoff -a, or a smaller model.memory")));
    }

    /// The soft limit that counts, in bytes, as the system writes it.
    private String limit() throws IOException {
        if (Files.notExists(limits)) return "unknown";
        return Files.readAllLines(limits).stream()
                .filter(line -> line.startsWith("Max locked memory"))
                .map(line ->
                        line.substring("Max locked memory".length()).strip().split("\\s+", 2)[0])
                .findFirst()
                .orElse("unknown");
    }
}
