package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.QualityBounds;
import dev.redoubt.trust.Quantization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Quantized models of the golden data, judged against their base.
class JudgementTest {
    @TempDir
    private Path folder;

    private static Judgement judge(Path base, Path model) {
        return Judgement.of(ModelPath.open(base), ModelPath.open(model), "", 2);
    }

    private static Path gguf(String variant) {
        return Shared.testdata("shakespeare").resolve("gguf/shakespeare-" + variant + ".gguf");
    }

    @Test
    void V6_2_aGoodQuantizationIsWithinTheBounds() throws IOException {
        Path base = ShakespeareFiles.variant("base-bf16", folder);
        assertThat(problems(judge(base, gguf("Q8_0")), Quantization.GGUF_Q8_0)).isEmpty();
        assertThat(problems(judge(base, gguf("Q4_0")), Quantization.GGUF_Q4_0)).isEmpty();
    }

    @Test
    void aModelIsEqualToItself() {
        Judgement judgement = judge(gguf("Q8_0"), gguf("Q8_0"));
        assertThat(judgement.meanKl()).isZero();
        assertThat(judgement.maxKl()).isZero();
        assertThat(judgement.top1()).isEqualTo(1);
        assertThat(judgement.perplexityRatio()).isEqualTo(1);
        assertThat(judgement.tokens()).isGreaterThan(200);
    }

    @Test
    void V6_2_whatIsNotTheBaseIsBeyondTheBounds() throws IOException {
        Path model = TinyModels.gguf(folder.resolve("a.gguf"), WeightKind.Q4_0, 1);
        Path another = TinyModels.gguf(folder.resolve("b.gguf"), WeightKind.F32, 2);
        Judgement judgement = judge(another, model);
        assertThat(problems(judgement, Quantization.GGUF_Q4_0))
                .anySatisfy(problem -> assertThat(problem).contains("mean KL"))
                .anySatisfy(problem -> assertThat(problem).contains("at least 0.8"));
        assertThat(new String(judgement.toJson(), StandardCharsets.UTF_8))
                .contains("\"mean_kl\":", "\"base\":\"" + judgement.base());
    }

    @Test
    void V6_2_whatIsNoNumberIsBeyondTheBounds() {
        Judgement broken = new Judgement("a", "b", 10, Double.NaN, Double.NaN, 1, 1);
        assertThat(broken.problems(QualityBounds.of(Quantization.GGUF_Q2_K))).hasSize(1);
    }

    @Test
    void modelsOfOtherVocabulariesAreNotCompared() throws IOException {
        Path tiny = TinyModels.gguf(folder.resolve("a.gguf"), WeightKind.Q4_0, 1);
        assertThatThrownBy(() -> judge(gguf("Q8_0"), tiny))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("a vocabulary of 1024")
                .hasMessageContaining("name the model that this one was made of");
    }

    private static List<String> problems(Judgement judgement, Quantization method) {
        return judgement.problems(QualityBounds.of(method));
    }
}
