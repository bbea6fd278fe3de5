package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.runtime.llm.LlmHost;
import dev.redoubt.runtime.llm.LlmRuntime;
import dev.redoubt.runtime.onnx.OnnxRuntime;
import dev.redoubt.runtime.torch.TorchRuntime;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.serve.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// What deployments can run on. Closed after whatever runs on it.
record Runtimes(WorkerRuntime workers, LlmRuntime llm) implements AutoCloseable {
    /// @param folder where worker processes have theirs
    /// @param nativeLibraries where libraries are unpacked
    /// @param engines how language models are computed, but for their share of the machine
    static Runtimes open(Path folder, Path nativeLibraries, EngineOptions engines, LlmHost models) throws IOException {
        Path torch = Path.of(System.getProperty("redoubt.torch", "torch")); // the launcher knows where its jars are
        WorkerRuntime workers = new WorkerRuntime(
                folder,
                WorkerLimits.DEFAULT,
                Map.of(
                        OnnxRuntime.KIND,
                        OnnxRuntime.workers(nativeLibraries),
                        TorchRuntime.KIND,
                        () -> TorchRuntime.workers(torch, nativeLibraries)),
                ArchiveTraining.workers());
        return new Runtimes(workers, new LlmRuntime(models, engines, TimeSource.system()));
    }

    Map<String, ServantFactory> byKind() {
        return Map.of(
                JavaRuntime.KIND, workers, TorchRuntime.KIND, workers, OnnxRuntime.KIND, workers, LlmRuntime.KIND, llm);
    }

    @Override
    public void close() {
        workers.close();
    }
}
