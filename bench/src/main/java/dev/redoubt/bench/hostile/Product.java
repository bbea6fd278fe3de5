package dev.redoubt.bench.hostile;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.engine.StartRefusal;
import dev.redoubt.engine.template.ChatTemplate;
import dev.redoubt.engine.template.TemplateException;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Signer;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.Vouch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Does with a case what the product does: reads a container, loads a model with everything that belongs to
/// it, renders a template.
final class Product {
    private static final int CONTEXT_TOKENS = 128;
    private static final EngineOptions OPTIONS = new EngineOptions(
            "auto",
            1,
            CONTEXT_TOKENS,
            1,
            CONTEXT_TOKENS,
            CONTEXT_TOKENS,
            4,
            0.5,
            KvFormat.F16,
            OptionalLong.of(16 << 20),
            PrefixSharing.OFF,
            false,
            RequestLimits.DEFAULT);

    private final Path corpus;

    Product(Path corpus) {
        this.corpus = corpus;
    }

    /// @param path of the case, its recipe carried out
    Verdict judge(HostileCase hostile, Path path) {
        try {
            return new Verdict.Accepted(
                    switch (hostile.text("level")) {
                        case "reader" -> read(path);
                        case "template" -> render(hostile, path);
                        default -> load(hostile, path);
                    });
        } catch (ArtifactException e) {
            return new Verdict.Refused(e.rule(), String.valueOf(e.getMessage()));
        } catch (StartRefusal e) {
            return new Verdict.Refused(e.rule(), String.valueOf(e.getMessage()));
        } catch (TemplateException e) {
            return new Verdict.Refused("R3.3", "template: " + e.getMessage());
        } catch (ServeException e) {
            return new Verdict.Refused("", String.valueOf(e.getMessage()));
        } catch (IOException | JsonRefusal | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            return new Verdict.Failed(e.toString());
        }
    }

    private static String read(Path path) {
        ModelPath.open(path).close();
        return "";
    }

    private String load(HostileCase hostile, Path path) throws IOException {
        Vouch vouch = hostile.fields().has("signer")
                ? Vouch.signedBy(Signer.ofPem(Files.readAllBytes(corpus.resolve(hostile.text("signer")))))
                : Vouch.OPERATOR;
        if (hostile.fields().has("adapter")) {
            loadAdapter(path, vouch, corpus.resolve(hostile.text("base")));
            return "";
        }
        VerifiedArtifact artifact = ModelPath.open(path, vouch);
        try (Engine engine = Engine.open(artifact, OPTIONS, TimeSource.system())) {
            if (engine.card().chat()) engine.tokenize(List.of(new ChatMessage("user", "Hello")));
            JsonNode probe = hostile.fields().path("probe");
            if (probe.isObject()) {
                String text = probe.path("text_unit")
                        .asString("")
                        .repeat(probe.path("times").asInt(1));
                engine.tokenize(text + probe.path("tail").asString(""));
            }
        }
        return "";
    }

    private static void loadAdapter(Path path, Vouch vouch, Path base) {
        try (VerifiedArtifact adapter = ModelPath.open(path, vouch)) {
            Engine.open(ModelPath.open(base), List.of(adapter), OPTIONS, TimeSource.system())
                    .close();
        }
    }

    private String render(HostileCase hostile, Path path) throws IOException, JsonRefusal {
        ChatTemplate template = ChatTemplate.parse(Files.readString(path, StandardCharsets.UTF_8));
        JsonNode data = new StrictJson(JsonLimits.MODEL_FILE)
                .parse(Files.readAllBytes(corpus.resolve(hostile.text("render_with"))));
        if (!hostile.text("when").equals("load"))
            return template.render(map(data)).text();
        throw new IOException("parsed, though it must be refused before it renders");
    }

    private static Map<String, Object> map(JsonNode object) {
        Map<String, Object> map = new LinkedHashMap<>();
        object.properties().forEach(entry -> putNullable(map, entry.getKey(), value(entry.getValue())));
        return map;
    }

    @SuppressWarnings("NullAway") // a JSON null is a template's none
    private static void putNullable(Map<String, Object> map, String key, @Nullable Object value) {
        map.put(key, value);
    }

    @SuppressWarnings("NullAway")
    private static @Nullable Object value(JsonNode node) {
        if (node.isNull()) return null;
        if (node.isString()) return node.asString();
        if (node.isBoolean()) return node.asBoolean();
        if (node.isIntegralNumber()) return node.asLong();
        if (node.isNumber()) return node.asDouble();
        if (node.isObject()) return map(node);
        List<Object> items = new ArrayList<>();
        for (JsonNode item : node) items.add(value(item));
        return items;
    }
}
