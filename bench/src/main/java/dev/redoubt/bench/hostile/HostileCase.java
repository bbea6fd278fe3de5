package dev.redoubt.bench.hostile;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// One case of a corpus, as its `manifest.json` describes it.
record HostileCase(JsonNode fields) {
    private static final double SECONDS_MAX = 30;

    /// @throws IOException if there is no manifest, or it is none
    static List<HostileCase> all(Path corpus) throws IOException {
        try {
            JsonNode manifest =
                    new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(corpus.resolve("manifest.json")));
            return manifest.path("cases").valueStream().map(HostileCase::new).toList();
        } catch (JsonRefusal e) {
            throw new IOException("manifest.json of " + corpus + " is not valid: " + e.getMessage(), e);
        }
    }

    String text(String field) {
        return fields.path(field).asString("");
    }

    String id() {
        return text("id");
    }

    String kind() {
        return text("kind");
    }

    /// Whether the product must take it. A case may allow both, see [#mayAccept].
    boolean accept() {
        return text("expect").equals("accept");
    }

    boolean mayAccept() {
        return accept() || text("also_ok").equals("accept");
    }

    /// Within which the verdict must come.
    double secondsMax() {
        return fields.path("max_seconds").asDouble(SECONDS_MAX);
    }

    /// The words of `reason_contains` that a refusal lacks; empty if it names its reason.
    List<String> missingReasons(String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        return fields.path("reason_contains")
                .valueStream()
                .map(reason -> reason.asString(""))
                .filter(reason -> List.of(reason.toLowerCase(Locale.ROOT).split("\\|")).stream()
                        .noneMatch(lower::contains))
                .toList();
    }
}
