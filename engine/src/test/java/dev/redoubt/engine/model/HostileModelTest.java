package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// The hostile corpus where it is about what a Llama model is: its configuration and its tensors. Left to
/// others: names, links, manifests and pickles (`trust`), tokenizers and templates (`tokenize`, `template`),
/// splits (`trust`).
class HostileModelTest {
    private static final Set<String> CLASSES = Set.of(
            "gg.model",
            "gg.accept",
            "md.config",
            "md.config_text",
            "md.tensors",
            "md.accept",
            "md.quantization",
            "md.lora");

    @TestFactory
    Stream<DynamicTest> V4_3_everyCaseGetsItsVerdict() throws IOException, JsonRefusal {
        Path corpus = Shared.testdata("hostile");
        JsonNode manifest =
                new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(corpus.resolve("manifest.json")));
        return manifest.path("cases")
                .valueStream()
                .filter(hostile -> CLASSES.contains(hostile.path("class").asString(""))
                        && "model".equals(hostile.path("level").asString(""))
                        && !hostile.has("recipe"))
                .map(hostile ->
                        DynamicTest.dynamicTest(hostile.path("id").stringValue(), () -> judge(hostile, corpus)));
    }

    private static void judge(JsonNode hostile, Path corpus) {
        if (hostile.path("expect").stringValue().equals("accept")) {
            examine(hostile, corpus);
            return;
        }
        String[] reasons = hostile.path("reason_contains")
                .valueStream()
                .map(JsonNode::stringValue)
                .toArray(String[]::new);
        assertThatThrownBy(() -> examine(hostile, corpus))
                .isInstanceOf(ArtifactException.class)
                .satisfies(refusal -> {
                    String message = String.valueOf(refusal.getMessage()).toLowerCase(Locale.ROOT);
                    for (String reason : reasons)
                        assertThat(Arrays.stream(reason.toLowerCase(Locale.ROOT).split("\\|")))
                                .as("%s names %s", message, reason)
                                .anyMatch(message::contains);
                });
    }

    private static void examine(JsonNode hostile, Path corpus) {
        try (VerifiedArtifact artifact =
                ModelPath.open(corpus.resolve(hostile.path("path").stringValue()))) {
            if (!hostile.has("adapter")) {
                assertThat(Models.describe(artifact).vocabularySize()).isPositive();
                return;
            }
            try (VerifiedArtifact base =
                    ModelPath.open(corpus.resolve(hostile.path("base").stringValue()))) {
                AdapterPlan plan = Models.describe(base, List.of(artifact)).getFirst();
                assertThat(plan.parameters()).isPositive();
            }
        }
    }
}
