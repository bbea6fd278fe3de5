package dev.redoubt.fuzz;

import dev.redoubt.cli.ConfigFuzz;
import dev.redoubt.engine.template.TemplateFuzz;
import dev.redoubt.engine.tokenize.TokenizerFuzz;
import dev.redoubt.gateway.GrpcMessageFuzz;
import dev.redoubt.gateway.HttpFuzz;
import dev.redoubt.gateway.RequestBodyFuzz;
import dev.redoubt.gateway.SocketFrameFuzz;
import dev.redoubt.serve.schema.MessagePackFuzz;
import dev.redoubt.serve.schema.TensorsFuzz;
import dev.redoubt.serve.worker.LinkFuzz;
import dev.redoubt.trust.GgufFuzz;
import dev.redoubt.trust.ManifestFuzz;
import dev.redoubt.trust.OnnxFuzz;
import dev.redoubt.trust.SafetensorsFuzz;
import dev.redoubt.trust.SignatureFuzz;
import dev.redoubt.trust.TorchScriptFuzz;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Everything that reads bytes of somebody else's. Each has a dictionary and seeds under
/// `src/test/resources/<name>`.
enum Target {
    SAFETENSORS(SafetensorsFuzz.class, SafetensorsFuzz::fuzzerTestOneInput),
    GGUF(GgufFuzz.class, GgufFuzz::fuzzerTestOneInput),
    MANIFEST(ManifestFuzz.class, ManifestFuzz::fuzzerTestOneInput),
    SIGNATURE(SignatureFuzz.class, SignatureFuzz::fuzzerTestOneInput),
    JSON(RequestBodyFuzz.class, RequestBodyFuzz::fuzzerTestOneInput),
    HTTP(HttpFuzz.class, HttpFuzz::fuzzerTestOneInput),
    CONFIG(ConfigFuzz.class, ConfigFuzz::fuzzerTestOneInput),
    TEMPLATE(TemplateFuzz.class, TemplateFuzz::fuzzerTestOneInput),
    TOKENIZER(TokenizerFuzz.class, TokenizerFuzz::fuzzerTestOneInput),
    ONNX(OnnxFuzz.class, OnnxFuzz::fuzzerTestOneInput),
    MESSAGEPACK(MessagePackFuzz.class, MessagePackFuzz::fuzzerTestOneInput),
    TENSORS(TensorsFuzz.class, TensorsFuzz::fuzzerTestOneInput),
    LINK(LinkFuzz.class, LinkFuzz::fuzzerTestOneInput),
    TORCHSCRIPT(TorchScriptFuzz.class, TorchScriptFuzz::fuzzerTestOneInput),
    GRPC(GrpcMessageFuzz.class, GrpcMessageFuzz::fuzzerTestOneInput),
    WEBSOCKET(SocketFrameFuzz.class, SocketFrameFuzz::fuzzerTestOneInput);

    /// What Jazzer calls by name.
    interface Body {
        void run(byte[] input) throws Exception;
    }

    private final Class<?> type;
    private final Body body;

    Target(Class<?> type, Body body) {
        this.type = type;
        this.body = body;
    }

    Class<?> type() {
        return type;
    }

    void run(byte[] input) throws Exception {
        body.run(input);
    }

    /// As the command line names it.
    String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Target> find(String title) {
        return Arrays.stream(values())
                .filter(target -> target.title().equals(title))
                .findFirst();
    }
}
