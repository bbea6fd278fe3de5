package dev.redoubt.runtime.onnx;

import dev.redoubt.serve.model.ModelFile;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.worker.NativeFolder;
import dev.redoubt.serve.worker.WorkerKind;
import dev.redoubt.trust.OnnxFile;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The runtime of kind `onnx`, as the server knows it: its settings, and how its workers are started. The server itself
/// never loads ONNX Runtime (R4.2).
public final class OnnxRuntime {
    public static final String KIND = "onnx";

    private static final long MEMORY_BYTES_MIN = 256L << 20; // a process with a small model has 100 MB
    private static final String MODEL = "model";
    private static final String DIGEST = "digest";

    /// @param model one `.onnx` file; absolute
    /// @param digest of the file: `sha256:` and 64 digits of hex
    public record Settings(Path model, String digest) {
        /// As a deployment's description holds it.
        public RuntimeSpec spec() {
            return new RuntimeSpec(KIND, Map.of(MODEL, model.toString(), DIGEST, digest));
        }

        /// @throws RuntimeRefusal unless it is what [#spec] makes
        static Settings of(DeploymentSpec spec) throws RuntimeRefusal {
            Map<String, String> given = spec.runtime().settings();
            String model = given.get(MODEL);
            String digest = given.get(DIGEST);
            if (model == null || digest == null || given.size() != 2)
                throw new RuntimeRefusal(spec.name()
                        + ": the runtime onnx has the settings model and digest, given are " + given.keySet());
            return new Settings(path(spec, model), digest);
        }

        private static Path path(DeploymentSpec spec, String file) throws RuntimeRefusal {
            try {
                Path model = Path.of(file);
                if (model.isAbsolute()) return model;
                throw new RuntimeRefusal(spec.name() + ": model '" + model + "' must be an absolute path");
            } catch (InvalidPathException e) {
                throw new RuntimeRefusal(spec.name() + ": the setting model is no path", e);
            }
        }
    }

    private OnnxRuntime() {}

    /// How its workers are started.
    ///
    /// @param nativeLibraries where the library is unpacked once ([dev.redoubt.base.Home#nativeLibraries])
    public static WorkerKind.Source workers(Path nativeLibraries) {
        return new WorkerKind.Source() {
            @Override
            public WorkerKind kind() throws IOException {
                return unpacked(nativeLibraries);
            }

            @Override
            public Optional<Artifact> artifact(RuntimeSpec runtime) {
                return Artifact.of(runtime, MODEL, DIGEST, OnnxFile.BYTES_MAX);
            }
        };
    }

    /// @throws IOException if there is no library for this machine, or it cannot be unpacked
    private static WorkerKind unpacked(Path nativeLibraries) throws IOException {
        NativeFolder library = OnnxLibrary.unpacked(nativeLibraries);
        return new WorkerKind(
                OnnxWorker.class,
                List.of(),
                List.of("com.microsoft.onnxruntime", "dev.redoubt.runtime.onnx"),
                Map.of(OnnxLibrary.FOLDER_PROPERTY, library.path().toString()),
                library.readable(),
                WorkerKind.Memory.NATIVE,
                MEMORY_BYTES_MIN,
                OnnxRuntime::approve);
    }

    private static void approve(DeploymentSpec spec) throws RuntimeRefusal {
        Settings settings = Settings.of(spec);
        try (OnnxFile file = read(spec, settings)) {
            ModelFile.approve(spec, () -> file.approve(settings.digest()));
        }
    }

    static OnnxFile read(DeploymentSpec spec, Settings settings) throws RuntimeRefusal {
        return ModelFile.read(spec, settings.model(), "", () -> OnnxFile.read(settings.model()));
    }
}
