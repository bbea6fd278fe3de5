package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Variants of the Shakespeare model, tampered with as if nobody had compared their digests, each read by the
/// canary. Prints a line for each as soon as it is known. `-Dredoubt.canary=all` takes every variant and every
/// tensor, `-Dredoubt.restarts=100` starts the good models as often (`./redoubt dev canary` does both).
class CanaryReadingTest {
    private static final boolean ALL = "all".equals(System.getProperty("redoubt.canary"));
    private static final int RESTARTS = Integer.getInteger("redoubt.restarts", 3);
    private static final List<String> IN_CI = List.of("Q4_0", "awq-4bit-g128");

    @TempDir
    private Path folder;

    static Stream<String> variants() {
        return (ALL ? ShakespeareFiles.VARIANTS : IN_CI).stream();
    }

    private TamperedModel model(String variant) throws IOException {
        return new TamperedModel(ShakespeareFiles.variant(variant, folder));
    }

    /// @param digest as the engine says it
    private record Read(CanaryReading reading, String digest) {}

    /// From the files on, as a server does: nothing is left of the run before.
    private static Read read(Path file, String kernels, int threads) throws InterruptedException {
        EngineOptions options = CanaryOptions.of(kernels, threads);
        try (Engine engine = Engine.open(ModelPath.open(file), options, TimeSource.system())) {
            return new Read(CanaryReading.of(engine), engine.card().digest());
        }
    }

    /// As it is kept from one start to the next.
    private static CanaryReference reference(Path file) throws InterruptedException {
        Read trusted = read(file, "auto", 2);
        return CanaryReference.parse(CanaryReference.of(trusted.digest(), Instant.EPOCH, trusted.reading())
                .toJson());
    }

    private enum Found {
        /// Refused when it was loaded: a scale of zero, or beyond those of any model.
        LOAD,
        TEXT,
        NOT
    }

    /// How a tampered file is found by somebody who does not compare its digest; the digest must find it anyway.
    private static Found found(CanaryReference reference, Path file) throws InterruptedException {
        Read tampered;
        try {
            tampered = read(file, "auto", 2);
        } catch (ArtifactException refused) {
            return Found.LOAD;
        }
        assertThat(tampered.digest()).isNotEqualTo(reference.digest());
        return reference.reading().difference(tampered.reading()).isPresent() ? Found.TEXT : Found.NOT;
    }

    private static Map<String, TamperedModel.Fault> faults() {
        Map<String, TamperedModel.Fault> faults = new LinkedHashMap<>();
        faults.put("one scale × 4", model -> model.scaleTimesFour(model.named(0, "down")));
        faults.put("one group's scales × 4", model -> model.groupTimesFour(model.named(1, "gate")));
        faults.put("two layers swapped", model -> model.swapLayers(1, 2));
        faults.put("a tensor zeroed", model -> model.zero(model.named(2, "down")));
        faults.put("1 % of nibbles flipped", model -> model.flipNibbles(model.named(1, "gate"), 100));
        return faults;
    }

    /// A machine that stands still for longer than a reading's deadline raises no alarm: the part that was read by then
    /// is none.
    @ParameterizedTest
    @EnumSource
    void V6_2_aReadingThatEndsBeforeItsTimeIsNone(FinishReason reason) {
        boolean whole = reason == FinishReason.STOP || reason == FinishReason.LENGTH;
        assertThat(CanaryReading.cutShort(reason).isEmpty()).isEqualTo(whole);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void V6_2_everyFaultIsFound(String variant) throws Exception {
        TamperedModel model = model(variant);
        CanaryReference reference = reference(model.path());
        Map<String, Found> found = new LinkedHashMap<>();
        for (Map.Entry<String, TamperedModel.Fault> fault : faults().entrySet()) {
            fault.getValue().apply(model);
            found.put(fault.getKey(), found(reference, model.path()));
            model.restore();
        }
        System.out.printf("%s: without its digest %s%n", variant, found);
        assertThat(found).doesNotContainValue(Found.NOT);
    }

    /// The lowest bit of one weight in the middle of each tensor, one after the other. A file is known by its
    /// digest, and memory by its sums; how much of it the text alone sees is printed: what is lost when
    /// activations are rounded to eight bits it does not.
    @ParameterizedTest
    @MethodSource("variants")
    void V6_2_oneFlippedBitIsFound(String variant) throws Exception {
        TamperedModel model = model(variant);
        CanaryReference reference = reference(model.path());
        List<String> tried = new ArrayList<>();
        List<String> unseen = new ArrayList<>();
        int every = ALL ? 1 : 8;
        int at = 0;
        for (String name : model.names()) {
            if (at++ % every != 0) continue;
            tried.add(name);
            model.flipLowestBit(name, reference.reading().ids()[5]);
            if (found(reference, model.path()) == Found.NOT) unseen.add(name);
            model.restore();
        }
        System.out.printf(
                "%s: one bit in each of %d tensors, by the text alone not seen: %d %s%n",
                variant, tried.size(), unseen.size(), unseen);
        assertThat(tried).hasSizeGreaterThan(4);
        assertThat(unseen).hasSizeLessThan(tried.size());
    }

    /// Every tenth on the scalar path, which takes twenty times as long, the others on all that are fast in turn; of
    /// each path every other on two threads.
    @ParameterizedTest
    @MethodSource("variants")
    void V6_2_theGoodModelRaisesNoAlarm(String variant) throws Exception {
        Path model = model(variant).path();
        CanaryReference reference = reference(model);
        List<String> fast = Providers.fast();
        Map<String, Integer> starts = new TreeMap<>();
        for (int i = 0; i < RESTARTS; i++) {
            boolean slow = i % 10 == 0;
            int turn = slow ? i / 10 : i - i / 10 - 1;
            String provider = slow ? "scalar" : fast.get(turn % fast.size());
            int threads = 1 + (slow ? turn : turn / fast.size()) % 2;
            Read again = read(model, provider, threads);
            assertThat(reference.reading().difference(again.reading()))
                    .as("%s on %s, %d threads, start %d", variant, provider, threads, i)
                    .isEmpty();
            assertThat(again.digest()).isEqualTo(reference.digest());
            starts.merge(provider + " on " + threads, 1, Integer::sum);
        }
        System.out.printf("%s: %d restarts without an alarm %s%n", variant, RESTARTS, starts);
    }
}
