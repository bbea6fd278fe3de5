package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.LanguageServant;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.route.RouterLimits;
import dev.redoubt.serve.route.RouterListener;
import dev.redoubt.testkit.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Generations over a router: one end each, whoever makes it.
final class RoutedModelTest {
    private static final ModelCard CARD =
            new ModelCard("m", "d", "llama", "Q8_0", 128, 256, true, Optional.empty(), Instant.EPOCH, Optional.empty());
    private static final Usage USAGE = new Usage(3, 0, 2, 0, 0, 0);

    private final ManualClock time = new ManualClock();
    private final Router router = new Router(
            "Chat", new RouterLimits(1, Duration.ofSeconds(30)), time, new SplittableRandom(1), new RouterListener() {
                @Override
                public void waitingForReplica() {}

                @Override
                public void lost(String replicaId) {}
            });
    private final RoutedModel model = new RoutedModel(CARD, router);
    private final List<GenerationEvent> events = new ArrayList<>();

    private Generation generate(String prompt) {
        Caller caller = new Caller("red", "key-1", Optional.empty());
        long deadline = time.nanos() + Duration.ofSeconds(20).toNanos();
        return model.generate(
                new GenerationRequest(
                        caller, new Prompt.Text(prompt), SamplingParams.greedy(8), List.of(), 1, deadline),
                events::add);
    }

    private Replica add(String id) {
        Replica replica = new Replica();
        router.add(id, replica, 1);
        return replica;
    }

    private void failedBy(ErrorCode code) {
        assertThat(events.getLast())
                .isInstanceOfSatisfying(
                        GenerationEvent.Failed.class,
                        failed -> assertThat(failed.error().code()).isEqualTo(code));
    }

    @Test
    void eventsComeAsTheModelGivesThemAndThePlaceIsFreeAfterwards() {
        Replica one = add("one");
        generate("a");
        List<GenerationEvent> all = List.of(
                new GenerationEvent.Started(3, 0, List.of()),
                new GenerationEvent.Delta(0, "x", List.of(1), List.of()),
                new GenerationEvent.Finished(0, FinishReason.STOP, 2),
                new GenerationEvent.Completed(USAGE));
        all.forEach(one.listeners.getFirst()::onEvent);
        assertThat(events).isEqualTo(all);
        assertThat(router.running("one")).isZero();
        router.verify();
    }

    @Test
    void oneThatWaitsIsStartedWhenThereIsAReplica() {
        generate("a");
        assertThat(events).isEmpty();
        Replica one = add("one");
        assertThat(one.listeners).hasSize(1);
    }

    @Test
    void R1_1_oneTooManyIsRefusedByAnEvent() {
        add("one");
        generate("a");
        generate("b");
        generate("c");
        failedBy(ErrorCode.OVERLOADED);
        assertThat(events).hasSize(1);
    }

    @Test
    void whatTheModelRefusesIsRefusedByAnEvent() {
        Replica one = add("one");
        one.refusal = Optional.of(ServeException.of(ErrorCode.EMPTY_PROMPT, "prompt"));
        generate("");
        failedBy(ErrorCode.EMPTY_PROMPT);
        assertThat(router.running("one")).isZero();
    }

    @Test
    void R1_3_theDeadlineEndsItOnceAndCancelsTheModel() {
        Replica one = add("one");
        generate("a");
        time.advance(Duration.ofSeconds(20));
        router.sweep();
        failedBy(ErrorCode.DEADLINE_EXCEEDED);
        assertThat(one.cancelled).isOne();
        assertThat(router.running("one")).as("until the model has ended").isOne();
        one.listeners.getFirst().onEvent(new GenerationEvent.Finished(0, FinishReason.CANCELLED, 1));
        one.listeners.getFirst().onEvent(new GenerationEvent.Completed(USAGE));
        assertThat(events).hasSize(1);
        assertThat(router.running("one")).isZero();
    }

    @Test
    void cancellingReachesTheModelOrTheQueue() {
        Replica one = add("one");
        Generation running = generate("a");
        Generation waiting = generate("b");
        waiting.cancel();
        failedBy(ErrorCode.CANCELLED);
        assertThat(events).hasSize(1);
        running.cancel();
        assertThat(one.cancelled).isOne();
    }

    @Test
    void aReplicaThatIsLostFailsItsGeneration() {
        Replica one = add("one");
        generate("a");
        router.remove("one");
        failedBy(ErrorCode.REPLICA_LOST);
        assertThat(one.cancelled).isOne();
        one.listeners.getFirst().onEvent(new GenerationEvent.Completed(USAGE));
        assertThat(events).hasSize(1);
    }

    @Test
    void aReplicaThatShutsDownIsLostAndTheServerIsNot() {
        Replica one = add("one");
        generate("a");
        one.listeners.getFirst().onEvent(new GenerationEvent.Failed(ServeException.of(ErrorCode.SHUTTING_DOWN), USAGE));
        failedBy(ErrorCode.REPLICA_LOST);
        generate("b");
        one.listeners.getLast().onEvent(new GenerationEvent.Finished(0, FinishReason.CANCELLED, 1));
        failedBy(ErrorCode.REPLICA_LOST);
        assertThat(events).hasSize(2);
    }

    @Test
    void aConversationStaysWithItsReplica() {
        Replica one = add("one");
        Replica two = add("two");
        generate("the same beginning");
        Replica had = one.listeners.isEmpty() ? two : one;
        for (int i = 1; i < 20; i++) {
            had.listeners.getLast().onEvent(new GenerationEvent.Completed(USAGE));
            generate("the same beginning");
            assertThat(had.listeners).hasSize(i + 1);
        }
    }

    @Test
    void replicasAreCountedTogether() {
        add("one");
        add("two");
        assertThat(model.stats().kvBlocksTotal()).isEqualTo(20);
        assertThat(model.clearCache("red").blocksZeroed()).isEqualTo(2);
        assertThat(model.card()).isEqualTo(CARD);
        assertThat(model.tokenize("a")).containsExactly(7);
    }

    @Test
    void withoutAReplicaThereIsNothingToCountAndNobodyToAsk() {
        assertThat(model.stats()).isEqualTo(ModelStats.NOTHING);
        assertThat(model.runtime().threads()).isZero();
        assertThatThrownBy(() -> model.tokenize("a"))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.NOT_READY));
    }

    /// A servant that is its own model, whose events the test makes.
    private static final class Replica implements LanguageServant, LanguageModel {
        final List<GenerationListener> listeners = new ArrayList<>();
        Optional<ServeException> refusal = Optional.empty();
        int cancelled;

        @Override
        public LanguageModel model() {
            return this;
        }

        @Override
        public Generation generate(GenerationRequest request, GenerationListener listener) {
            if (refusal.isPresent()) throw refusal.get();
            listeners.add(listener);
            return new Generation() {
                @Override
                public long id() {
                    return 1;
                }

                @Override
                public void cancel() {
                    cancelled++;
                }
            };
        }

        @Override
        public ModelCard card() {
            return CARD;
        }

        @Override
        public ModelStats stats() {
            return new ModelStats(0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        }

        @Override
        public ModelRuntime runtime() {
            return new ModelRuntime("test", 1, "off", "f16", 0, 0, true);
        }

        @Override
        public CacheClearing clearCache(String tenant) {
            return new CacheClearing(1, 0);
        }

        @Override
        public int[] tokenize(String text) {
            return new int[] {7};
        }

        @Override
        public int[] tokenize(List<ChatMessage> messages) {
            return new int[] {7};
        }

        @Override
        public String detokenize(int[] tokenIds) {
            return "";
        }

        @Override
        public String tokenText(int tokenId) {
            return "";
        }

        @Override
        public byte[] tokenBytes(int tokenId) {
            return new byte[0];
        }

        @Override
        public void reconfigure(JsonNode userConfig) {}

        @Override
        public void healthCheck() {}

        @Override
        public void call(Payload input, Call call, ReplyListener replies) {
            throw new AssertionError("a generation is no payload");
        }

        @Override
        public void close() {}
    }
}
