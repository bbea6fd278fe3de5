package dev.redoubt.runtime.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.testkit.TinyTorch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models that pass the reader and harm when they run: signed by somebody who should not have.
@SuppressWarnings("NullAway.Init")
class HostileModelTest {
    private static final Tensor THREE = Tensor.of(List.of(3), 1, 2, 3);
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private Workers workers;

    @BeforeEach
    void setUp() throws Exception {
        workers = new Workers(folder);
    }

    @AfterEach
    void tearDown() {
        workers.close();
    }

    private Servant start(String forward, float... w) throws Exception {
        Path own = Files.createTempDirectory(folder, "model");
        byte[] model = TinyTorch.archive(w.length == 0 ? TinyTorch.module(forward) : TinyTorch.module(forward, w));
        return workers.start(Workers.spec(Signed.of(own, model)));
    }

    @Test
    void aSmallModelWorks() throws Exception {
        Servant servant = start("    return torch.mul(x, self.w)\n", 2, 3, 4);
        assertThat(Workers.ask(servant, "x", THREE, "y").floats()).containsExactly(2, 6, 12);
        Tensor two = Tensor.of(List.of(2), 1, 2);
        assertThat(Workers.failure(Workers.begin(servant, "x", two, LONG)).code())
                .isEqualTo(ErrorCode.VALUE_REFUSED);
    }

    @Test
    void R4_2_anEndlessLoopEndsItsCallAndMakesItsReplicaSickAlone() throws Exception {
        Servant loops = start("""
                    y = x
                    while bool(torch.gt(torch.sum(y), 0)):
                      y = torch.add(y, 1)
                    return y
                """);
        Servant works = start("    return torch.relu(x)\n");
        var call = Workers.begin(loops, "x", THREE, Duration.ofMillis(500));
        assertThat(Workers.failure(call).code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        assertThat(Workers.ask(works, "x", THREE, "y")).isEqualTo(THREE);
        loops.close(); // a loop does not keep its process
        assertThat(Workers.ask(works, "x", THREE, "y")).isEqualTo(THREE);
    }

    @Test
    void R4_2_aHogGetsAnErrorOrDiesAlone() throws Exception {
        Servant hog = start("""
                    y = x
                    while bool(torch.gt(torch.sum(y), 0)):
                      y = torch.zeros([1000000000, 1000])
                    return torch.add(x, torch.sum(y))
                """);
        Servant works = start("    return torch.relu(x)\n");
        assertThat(Workers.failure(Workers.begin(hog, "x", THREE, LONG)).code())
                .isIn(ErrorCode.INTERNAL, ErrorCode.REPLICA_LOST);
        assertThat(Workers.ask(works, "x", THREE, "y")).isEqualTo(THREE);
    }

    @Test
    void R1_6_aModelReadsNoFileOfTheServers() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "0123456789abcdef");
        assertThat(catchThrowable(() -> start(from(secret)))).isInstanceOf(RuntimeRefusal.class);
        Path allowed = Path.of(System.getProperty("java.home"), "release");
        assertThat(Workers.ask(start(from(allowed)), "x", THREE, "y").shape()).containsExactly(3); // it would have
    }

    private static String from(Path file) {
        return "    y = torch.from_file(\"" + file + "\", False, 3)\n    return torch.add(x, y)\n";
    }

    @Test
    void whatIsNoTorchScriptDoesNotStart() {
        assertThat(catchThrowable(() -> start("    import os\n    return x\n")))
                .hasMessageContaining("the model of kind torchscript is not taken")
                .message()
                .doesNotContain(" < "); // where it was thrown, and not from where it was called
    }
}
