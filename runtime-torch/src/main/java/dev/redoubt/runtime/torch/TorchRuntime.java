package dev.redoubt.runtime.torch;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.model.ModelFile;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaJson;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.worker.WorkerKind;
import dev.redoubt.trust.TorchScriptFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The runtime of kind `torchscript`, as the server knows it: its settings, and how its workers are started. A
/// file of TorchScript is code, so it is served only from a worker process of its own, with its digest in a
/// signed manifest (R1.6).
public final class TorchRuntime {
    public static final String KIND = "torchscript";

    private static final long MEMORY_BYTES_MIN = 384L << 20; // a large library's own data and code too
    private static final String MODEL = "model";
    private static final String DIGEST = "digest";
    private static final String SIGNATURE = "signature";
    private static final String SIGNER = "signer";
    private static final String INPUTS = "inputs";
    private static final String OUTPUTS = "outputs";
    private static final List<String> NAMES = List.of(MODEL, DIGEST, SIGNATURE, SIGNER, INPUTS, OUTPUTS);

    /// @param model one `.pt` file; absolute, as all paths here
    /// @param digest of the file: `sha256:` and 64 digits of hex
    /// @param signature an OpenSSF bundle over the file
    /// @param signer a public key or certificates, PEM
    /// @param inputs of `forward`, in its order: tensors by names that callers use
    /// @param outputs what `forward` gives: one tensor, or a tuple of them
    public record Settings(
            Path model, String digest, Path signature, Path signer, Schema.Fields inputs, Schema.Fields outputs) {
        /// As a deployment's description holds it.
        public RuntimeSpec spec() {
            return new RuntimeSpec(
                    KIND,
                    Map.of(
                            MODEL,
                            model.toString(),
                            DIGEST,
                            digest,
                            SIGNATURE,
                            signature.toString(),
                            SIGNER,
                            signer.toString(),
                            INPUTS,
                            SchemaJson.write(inputs).toString(),
                            OUTPUTS,
                            SchemaJson.write(outputs).toString()));
        }

        /// @throws RuntimeRefusal unless it is what [#spec] makes
        static Settings of(DeploymentSpec spec) throws RuntimeRefusal {
            Map<String, String> given = spec.runtime().settings();
            if (given.size() != NAMES.size() || !given.keySet().containsAll(NAMES))
                throw new RuntimeRefusal(spec.name() + ": the runtime " + KIND + " has the settings " + NAMES
                        + ", given are " + given.keySet());
            return new Settings(
                    Path.of(given.getOrDefault(MODEL, "")),
                    given.getOrDefault(DIGEST, ""),
                    Path.of(given.getOrDefault(SIGNATURE, "")),
                    Path.of(given.getOrDefault(SIGNER, "")),
                    fields(spec, INPUTS),
                    fields(spec, OUTPUTS));
        }

        private static Schema.Fields fields(DeploymentSpec spec, String name) throws RuntimeRefusal {
            String text = spec.runtime().settings().getOrDefault(name, "");
            try {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                Schema read = SchemaJson.read(new StrictJson(SchemaJson.LIMITS).parse(bytes));
                if (read instanceof Schema.Fields fields
                        && !fields.fields().isEmpty()
                        && fields.fields().stream().allMatch(field -> field.schema() instanceof Schema.Box))
                    return fields;
            } catch (JsonRefusal | IllegalArgumentException e) {
                throw new RuntimeRefusal(spec.name() + ": the setting " + name + " is no schema", e);
            }
            throw new RuntimeRefusal(spec.name() + ": the setting " + name + " must be one tensor or more");
        }

        Interface types() {
            return new Interface(inputs, outputs, false, List.of());
        }
    }

    private TorchRuntime() {}

    /// How its workers are started.
    ///
    /// @param jars the folder with PyTorch's
    /// @param nativeLibraries where the library is unpacked once
    ///     ([dev.redoubt.base.Home#nativeLibraries])
    /// @throws IOException if PyTorch is not there or cannot be unpacked
    public static WorkerKind workers(Path jars, Path nativeLibraries) throws IOException {
        TorchLibrary library = TorchLibrary.unpacked(jars, nativeLibraries);
        return new WorkerKind(
                TorchWorker.class,
                library.jars(),
                List.of("ai.djl.api", "ai.djl.pytorch_engine"),
                Map.of(TorchEngine.FOLDER_PROPERTY, library.unpacked().path().toString()),
                library.unpacked().readable(),
                WorkerKind.Memory.NATIVE,
                MEMORY_BYTES_MIN,
                TorchRuntime::approve);
    }

    private static void approve(DeploymentSpec spec) throws RuntimeRefusal {
        Settings settings = Settings.of(spec);
        try (TorchScriptFile file = read(spec, settings)) {
            ModelFile.approve(spec, () -> file.approve(settings.digest()));
        }
    }

    static TorchScriptFile read(DeploymentSpec spec, Settings settings) throws RuntimeRefusal {
        return ModelFile.read(
                spec,
                settings.model(),
                ", its signature or its signer",
                () -> TorchScriptFile.read(settings.model(), settings.signature(), settings.signer()));
    }
}
