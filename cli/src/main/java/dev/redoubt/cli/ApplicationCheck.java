package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.Waiver;
import dev.redoubt.runtime.onnx.OnnxRuntime;
import dev.redoubt.serve.control.GraphCheck;
import dev.redoubt.serve.control.SpecCheck;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.serve.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Holds the applications of a file against what a deploy would: rules, graph, times, and the room of this machine.
/// No replica is started; a jar is asked what it holds by a confined process that ends with its answer.
final class ApplicationCheck {
    private ApplicationCheck() {}

    /// @throws Refusal with everything that a deploy would refuse
    /// @throws IOException if there is no folder for temporary files
    static void check(ServerConfig config) throws IOException {
        if (config.applications().isEmpty()) return;
        Resources machine = Applications.machine();
        Path folder = Files.createTempDirectory("redoubt-check-"); // a server that runs has workers in the home's
        try (WorkerRuntime workers = new WorkerRuntime(folder.resolve("workers"), WorkerLimits.DEFAULT);
                OnnxRuntime onnx = new OnnxRuntime(folder, machine.memoryBytes(), TimeSource.system())) {
            SpecCheck check = new SpecCheck(
                    Map.of(JavaRuntime.KIND, workers, OnnxRuntime.KIND, onnx),
                    new GraphCheck(config.edge().limits().requestTimeout()));
            List<String> problems = check.problems(
                    config.applications(),
                    machine,
                    config.waivers().stream().map(Waiver::rule).collect(Collectors.toUnmodifiableSet()));
            if (!problems.isEmpty()) throw new Refusal(problems);
        } finally {
            DurableFiles.deleteTree(folder);
        }
    }
}
