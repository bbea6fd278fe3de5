package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MemoryLockTest {
    private static final String HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    private static final String ZRAM = "/dev/zram0                              partition\t1048572\t\t0\t\t100\n";
    private static final String DISK = "/dev/sda2                               partition\t8388604\t\t12\t\t-2\n";

    @TempDir
    private Path folder;

    private MemoryLock on(String swaps) throws IOException {
        Path limits = Files.writeString(folder.resolve("limits"), """
                Limit                     Soft Limit           Hard Limit           Units
                Max locked memory         65536                131072               bytes
                """);
        return new MemoryLock(Files.writeString(folder.resolve("swaps"), swaps), limits);
    }

    private static ModelRuntime pool(boolean locked) {
        return new ModelRuntime("scalar", 1, "off", "f16", 1_000_000, 1_000_000, locked);
    }

    @Test
    void V2_2_swapAndARefusedLockRefuseTheStart() throws IOException {
        assertThatThrownBy(() -> on(HEAD + DISK + ZRAM).check(pool(false)))
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(refusal.lines())
                                .singleElement()
                                .asString()
                                .startsWith(
                                        "REFUSED rule=V2.2 found=swap:/dev/sda2,/dev/zram0,memory-lock:refused-at-65536 allowed=")
                                .contains(
                                        "KV pool of 1000000 bytes",
                                        "ulimit -l",
                                        "LimitMEMLOCK=",
                                        "--ulimit memlock=-1",
                                        "swapoff"));
        assertThatThrownBy(() -> on(HEAD + ZRAM).check(pool(false)))
                .as("compressed memory is swap too")
                .isInstanceOf(Refusal.class);
    }

    @Test
    void V2_2_eitherIsEnough() throws IOException {
        on(HEAD + DISK).check(pool(true));
        on(HEAD).check(pool(false));
        on("").check(pool(false));
        MemoryLock noSwapInTheKernel = new MemoryLock(folder.resolve("absent"), folder.resolve("absent"));
        noSwapInTheKernel.check(pool(false));
        assertThat(noSwapInTheKernel.swapsInUse()).isEmpty();
    }

    /// A process that may not lock, on a host that swaps: by the system's own means, where this one allows them.
    @Test
    void V2_2_aServerThatCannotLockDoesNotStartWhereTheHostSwaps() throws Exception {
        Path swaps = Files.writeString(folder.resolve("swaps"), HEAD + ZRAM);
        String setUp = "mount --bind '" + swaps + "' /proc/swaps && ";
        Assumptions.assumeTrue(
                run(List.of("unshare", "-m", "sh", "-c", setUp + "exec setpriv --bounding-set -ipc_lock true"))
                                .exitCode()
                        == 0,
                "skipped: needs a mount namespace and setpriv, as root has them");
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1);
        String java = ProcessHandle.current().info().command().orElseThrow();
        String serve =
                "'" + java + "' -Xmx256m --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp '"
                        + System.getProperty("java.class.path")
                        + "' dev.redoubt.cli.Main serve --port 0 --max-model-len 256 --model '"
                        + model + "' --trust-digest " + digest(model);
        String confined =
                "exec setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock prlimit --memlock=65536:65536 " + serve;
        Ran refused = run(List.of("unshare", "-m", "sh", "-c", setUp + confined));
        assertThat(refused.err()).contains("REFUSED rule=V2.2 found=swap:/dev/zram0,memory-lock:refused-at-65536");
        assertThat(refused.exitCode()).isEqualTo(78);
        assertThat(refused.out()).as("nothing listens").isEmpty();
        assertThat(folder.resolve("home/admin.sock")).doesNotExist();
    }

    private String digest(Path model) {
        String shown = Ran.command(folder.resolve("home"), "models", "verify", model.toString())
                .out();
        int at = shown.indexOf("sha256:");
        return shown.substring(at, at + "sha256:".length() + 64);
    }

    private Ran run(List<String> command) throws IOException, InterruptedException {
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command)).redirectError(err.toFile());
        builder.environment().put("REDOUBT_HOME", folder.resolve("home").toString());
        Process process;
        try {
            process = builder.start();
        } catch (IOException missing) {
            return new Ran(127, "", "");
        }
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), out, Files.readString(err));
    }
}
