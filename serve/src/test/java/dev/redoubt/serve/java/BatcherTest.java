package dev.redoubt.serve.java;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.serve.BatchHandler;
import dev.redoubt.serve.Batched;
import dev.redoubt.serve.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BatcherTest {
    record Word(String word) {}

    static final BlockingQueue<List<String>> BATCHES = new LinkedBlockingQueue<>();
    static final BlockingQueue<Call> CALLS = new LinkedBlockingQueue<>();
    static final Semaphore GO = new Semaphore(0);

    /// Full by count, long before its wait is over.
    @Batched(maxBatchSize = 4, waitMillis = 10_000)
    public static final class Loud implements BatchHandler<Word, Word> {
        @Override
        public List<Word> handle(List<Word> inputs) throws Exception {
            return loud(inputs);
        }
    }

    /// Never full.
    @Batched(maxBatchSize = 32, waitMillis = 20)
    public static final class Patient implements BatchHandler<Word, Word> {
        @Override
        public List<Word> handle(List<Word> inputs) throws Exception {
            return loud(inputs);
        }
    }

    private static List<Word> loud(List<Word> inputs) throws InterruptedException {
        List<String> words = inputs.stream().map(Word::word).toList();
        CALLS.add(Call.current());
        BATCHES.add(words);
        if (words.contains("wait")) GO.acquire();
        if (words.contains("throw")) throw new IllegalStateException("secret");
        List<Word> outputs = new ArrayList<>();
        for (String word : words)
            if (!word.equals("skip")) outputs.add(new Word(word.toUpperCase(java.util.Locale.ROOT)));
        return outputs;
    }

    private static List<Replies> send(Replica replica, Call call, String... words) {
        List<Replies> replies = new ArrayList<>();
        for (String word : words) replies.add(replica.send("{\"word\":\"" + word + "\"}", call));
        return replies;
    }

    private static List<String> batch() throws InterruptedException {
        return java.util.Objects.requireNonNull(BATCHES.poll(20, TimeUnit.SECONDS), "no batch");
    }

    @Test
    void V3_5_eachCallGetsTheOutputOfItsOwnInput() throws Exception {
        BATCHES.clear();
        try (var replica = new Replica(Loud.class)) {
            List<Replies> replies = send(replica, Replica.call(), "a", "b", "c", "d");
            List<String> expected = List.of("A", "B", "C", "D");
            for (int i = 0; i < 4; i++) assertThat(replies.get(i).value()).isEqualTo(new Word(expected.get(i)));
            assertThat(batch()).as("one batch").containsExactlyInAnyOrder("a", "b", "c", "d");
        }
    }

    @Test
    void V3_5_aBatchWithAMemberSkippedFailsAllOfThem() throws Exception {
        try (var replica = new Replica(Loud.class)) {
            for (Replies one : send(replica, Replica.call(), "a", "skip", "c", "d")) {
                assertThat(one.failure().code()).isEqualTo(ErrorCode.INTERNAL);
                assertThat(one.items).isEmpty();
            }
            for (Replies one : send(replica, Replica.call(), "a", "throw", "c", "d"))
                assertThat(one.failure().code()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(send(replica, Replica.call(), "e", "f", "g", "h").get(3).value())
                    .as("the next is fine")
                    .isEqualTo(new Word("H"));
        }
    }

    @Test
    void theFirstWaitsNoLongerThanItSays() throws Exception {
        try (var replica = new Replica(Patient.class)) {
            assertThat(send(replica, Replica.call(), "a").getFirst().value()).isEqualTo(new Word("A"));
        }
    }

    @Test
    void oneBatchRunsAtATimeAndTheRestComesTogether() throws Exception {
        BATCHES.clear();
        try (var replica = new Replica(Patient.class)) {
            Replies first = send(replica, Replica.call(), "wait").getFirst();
            assertThat(batch()).containsExactly("wait");
            List<Replies> rest = send(replica, Replica.call(), "a", "b", "c");
            assertThat(BATCHES).isEmpty();
            GO.release();
            assertThat(first.value()).isEqualTo(new Word("WAIT"));
            for (Replies one : rest) one.value();
            List<String> together = new ArrayList<>(batch());
            while (together.size() < 3) together.addAll(batch());
            assertThat(together).containsExactlyInAnyOrder("a", "b", "c");
        }
    }

    @Test
    void callsOfDifferentModelsNeverShareABatch() throws Exception {
        BATCHES.clear();
        CALLS.clear();
        try (var replica = new Replica(Loud.class)) {
            Call red = Replica.call().of("red");
            Call blue = Replica.call().of("blue");
            List<Replies> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.addAll(send(replica, red, "r" + i));
                all.addAll(send(replica, blue, "b" + i));
            }
            for (Replies one : all) one.value();
            for (int i = 0; i < 2; i++) {
                List<String> words = batch();
                String model = CALLS.remove().modelId().orElseThrow();
                assertThat(words).hasSize(4).allMatch(word -> word.charAt(0) == model.charAt(0));
            }
        }
    }

    @Test
    void R5_4_aBatchThatNobodyWantsAnyMoreIsCancelled() throws Exception {
        BATCHES.clear();
        CALLS.clear();
        try (var replica = new Replica(Patient.class)) {
            Call call = Replica.call();
            Replies first = send(replica, call, "wait").getFirst();
            assertThat(batch()).containsExactly("wait");
            Call seen = CALLS.remove();
            var cancelled = new CountDownLatch(1);
            seen.cancellation().onCancel(cancelled::countDown);
            call.cancellation().cancel();
            assertThat(first.failure().code()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(send(replica, Replica.call(), "next").getFirst().value())
                    .as("its thread was interrupted, and goes on with others")
                    .isEqualTo(new Word("NEXT"));
        }
    }

    @Test
    void R5_4_aBatchOfSeveralKeysHasNobodysKey() throws Exception {
        CALLS.clear();
        try (var replica = new Replica(Loud.class)) {
            Call mine = Replica.call();
            Call other = new Call(
                    "request-2", "shop", "key-2", mine.deadlineNanos() + 5, mine.modelId(), mine.cancellation());
            List<Replies> all = new ArrayList<>(send(replica, mine, "a", "b", "c"));
            all.addAll(send(replica, other, "d"));
            for (Replies one : all) one.value();
            assertThat(CALLS.remove())
                    .matches(call -> call.keyId().isEmpty(), "no key")
                    .matches(call -> call.deadlineNanos() == other.deadlineNanos(), "the later deadline");
        }
    }
}
