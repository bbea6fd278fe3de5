package dev.redoubt.serve.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MixingTest {
    private static final Schema SMALL = new Schema.Whole(0, 9);
    private static final Schema LARGE = new Schema.Whole(0, 99);
    private static final Schema TEXT = new Schema.Text();

    @Test
    void theSameInterfacesMix() {
        assertThat(problem(pair(SMALL, SMALL), pair(SMALL, SMALL))).isEmpty();
    }

    @Test
    void R5_1_anotherIngressOrAnotherOfItsTypesDoesNotMix() {
        Mixing.Version text = new Mixing.Version(spec("Front"), Map.of("Front", takes(TEXT)));
        Mixing.Version small = new Mixing.Version(spec("Front"), Map.of("Front", takes(SMALL)));
        assertThat(problem(text, small)).get().asString().contains("'Front'");
        assertThat(problem(text, new Mixing.Version(spec("Other"), Map.of("Other", takes(TEXT)))))
                .get()
                .asString()
                .contains("'Other' instead of 'Front'");
        Interface streams = new Interface(TEXT, TEXT, true, List.of());
        assertThat(problem(text, new Mixing.Version(spec("Front"), Map.of("Front", streams))))
                .isPresent();
    }

    @Test
    void V4_1_oneLanguageModelDoesNotAnswerForAnother() {
        assertThat(problem(model("small", "aa", 1), model("small", "aa", 2)))
                .as("read again, it is the same")
                .isEmpty();
        assertThat(problem(model("small", "aa", 1), model("small", "bb", 1)))
                .get()
                .asString()
                .contains("sha256:bb");
        assertThat(problem(model("small", "aa", 1), model("large", "aa", 1))).isPresent();
        Mixing.Version none = new Mixing.Version(spec("Front"), Map.of("Front", takes(TEXT)));
        assertThat(problem(model("small", "aa", 1), none)).isPresent();
    }

    private static Mixing.Version model(String name, String digest, long loadedAt) {
        ModelCard card = new ModelCard(
                name,
                digest,
                "llama",
                "Q8_0",
                128,
                256,
                true,
                Optional.empty(),
                Instant.ofEpochSecond(loadedAt),
                Optional.empty());
        Interface face = new Interface(TEXT, TEXT, false, List.of(), List.of(), Optional.of(card));
        return new Mixing.Version(spec("Front"), Map.of("Front", face));
    }

    @Test
    void R5_1_stagesMixIfEachHandleMeetsTheOtherVersionsTarget() {
        // The old caller gives a small number, and the new target takes large ones: they meet, both ways round not.
        assertThat(problem(pair(SMALL, SMALL), pair(SMALL, LARGE))).isEmpty();
        assertThat(problem(pair(SMALL, LARGE), pair(LARGE, LARGE))).isEmpty();
        assertThat(problem(pair(SMALL, SMALL), pair(LARGE, LARGE)))
                .get()
                .asString()
                .contains("'Front'", "'Back'");
        assertThat(problem(pair(LARGE, LARGE), pair(SMALL, SMALL))).isPresent();
    }

    @Test
    void aNewStageThatARunningOneWouldCallDoesNotMixAndOneThatGoesDoes() {
        Mixing.Version alone = new Mixing.Version(spec("Front"), Map.of("Front", takes(TEXT)));
        assertThat(problem(alone, pair(SMALL, SMALL))).get().asString().contains("'Back', which is new");
        assertThat(problem(pair(SMALL, SMALL), alone)).isEmpty();
    }

    @Test
    void whatIsNotKnownIsTakenToBeAsItWas() {
        Mixing.Version unknown = new Mixing.Version(spec("Front", "Back"), Map.of());
        assertThat(problem(unknown, pair(SMALL, SMALL))).isEmpty();
        assertThat(problem(pair(SMALL, SMALL), unknown)).isEmpty();
    }

    private static Optional<String> problem(Mixing.Version before, Mixing.Version after) {
        return Mixing.problem(before, after);
    }

    private static Interface takes(Schema input) {
        return new Interface(input, TEXT, false, List.of());
    }

    /// @param gives what the first stage gives the second, which takes `takes`
    private static Mixing.Version pair(Schema gives, Schema takes) {
        Interface front = new Interface(TEXT, TEXT, false, List.of(new Interface.Edge("Back", gives, TEXT)));
        return new Mixing.Version(spec("Front", "Back"), Map.of("Front", front, "Back", takes(takes)));
    }

    private static ApplicationSpec spec(String... deployments) {
        return new ApplicationSpec(
                "shop",
                deployments[0],
                Resources.of(1, 1 << 30),
                Arrays.stream(deployments).map(MixingTest::deployment).toList());
    }

    private static DeploymentSpec deployment(String name) {
        return new DeploymentSpec(
                name,
                new RuntimeSpec("java", Map.of()),
                Isolation.THREAD,
                Resources.of(0.1, 1 << 20),
                1,
                1,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                "{}");
    }
}
