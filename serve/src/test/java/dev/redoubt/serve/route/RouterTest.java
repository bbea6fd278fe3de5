package dev.redoubt.serve.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.testkit.ManualClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

final class RouterTest {
    private static final Payload INPUT = new Payload.Tree(JsonNodeFactory.instance.stringNode("in"));
    private static final Payload OUTPUT = new Payload.Tree(JsonNodeFactory.instance.stringNode("out"));

    private final ManualClock time = new ManualClock();
    private final List<String> lost = new ArrayList<>();
    private int waiting;
    private final Router router = router(2, Duration.ofSeconds(30));

    @Test
    void aCallGoesToAReplicaAndItsReplyToTheCaller() {
        Held one = add("one", 1);
        Reply reply = call();
        assertThat(one.calls).hasSize(1);
        one.finish();
        assertThat(reply.items).containsExactly(OUTPUT);
        assertThat(reply.ends).containsExactly("completed");
    }

    @Test
    void ofTwoReplicasTheLessBusyGetsTheCall() {
        Held one = add("one", 10);
        Held two = add("two", 10);
        for (int i = 0; i < 10; i++) call();
        assertThat(one.calls).hasSize(5);
        assertThat(two.calls).hasSize(5);
    }

    @Test
    void R1_1_callsOverTheLimitWaitAndThenAreRefusedWithARetryAfter() {
        Held one = add("one", 2);
        List<Reply> running = List.of(call(), call());
        List<Reply> queued = List.of(call(), call());
        Reply refused = call();
        assertThat(refused.ends).containsExactly("OVERLOADED");
        ServeException why = refused.failure();
        assertThat(why.code().status()).isEqualTo(503);
        assertThat(why.retryAfter()).hasValue(Duration.ofSeconds(1));
        assertThat(why.getMessage()).contains("all 2 places");
        while (!one.calls.isEmpty()) one.finish();
        assertThat(running).allMatch(Reply::isCompleted);
        assertThat(queued).allMatch(Reply::isCompleted);
        assertThat(router.load().refused()).isEqualTo(1);
    }

    @Test
    void V3_4_whatItsCallerMayNotHaveIsRefusedAtOnceAndNotTriedElsewhere() {
        Held one = add("one", 1);
        Held two = add("two", 1);
        one.refusal = ServeException.after(
                Duration.ofSeconds(7), ErrorCode.RATE_LIMIT_EXCEEDED, "1000 tokens per minute", "7 s");
        two.refusal = one.refusal;
        Reply reply = call();
        assertThat(reply.ends).containsExactly("RATE_LIMIT_EXCEEDED");
        assertThat(reply.failure().retryAfter()).hasValue(Duration.ofSeconds(7));
        assertThat(router.load().retried()).isZero();
    }

    @Test
    void waitingCallsAreServedInTheirOrderAndNobodyPassesThem() {
        Held one = add("one", 1);
        call();
        Reply second = call();
        Reply third = call();
        one.finish();
        Reply fourth = call();
        one.finish();
        assertThat(second.isCompleted()).isTrue();
        one.finish();
        assertThat(third.isCompleted()).isTrue();
        assertThat(fourth.ends).isEmpty();
    }

    @Test
    void R1_3_aWaitingCallEndsAtItsDeadline() {
        Reply reply = call();
        assertThat(waiting).isEqualTo(1);
        time.advance(Duration.ofSeconds(29));
        router.sweep();
        assertThat(reply.ends).isEmpty();
        time.advance(Duration.ofSeconds(1));
        router.sweep();
        assertThat(reply.ends).containsExactly("DEADLINE_EXCEEDED");
        assertThat(reply.failure().getMessage()).contains("30 s");
        assertThat(router.load().queued()).isZero();
    }

    @Test
    void R1_3_aRunningCallEndsAtItsDeadlineIsCancelledAndHoldsItsPlaceUntilItsReplicaStops() {
        Held one = add("one", 1);
        Reply late = call();
        Reply next = call();
        time.advance(Duration.ofSeconds(30));
        next.cancellation.cancel();
        router.sweep();
        assertThat(late.ends).containsExactly("DEADLINE_EXCEEDED");
        assertThat(one.calls.getFirst().call.cancellation().cancelled()).isTrue();
        assertThat(router.running("one")).isEqualTo(1);
        one.finish();
        assertThat(router.running("one")).isZero();
        assertThat(late.ends).hasSize(1);
        assertThat(late.items).isEmpty();
    }

    @Test
    void whoIsLateIsToldWhatTheCallHadAndNotWhatWasLeftOfIt() {
        Router brief = router(2, Duration.ofSeconds(5));
        Held one = new Held();
        brief.add("one", one, 1);
        Reply own = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        brief.call(INPUT, own.call, own);
        time.advance(Duration.ofMillis(4995));
        one.fail(ServeException.of(ErrorCode.DEADLINE_EXCEEDED, 4.995)); // as the replica's clock has it
        assertThat(own.failure().getMessage()).contains("limit of 5 s");
        Reply another = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        brief.call(INPUT, another.call, another);
        one.fail(ServeException.of(ErrorCode.DEADLINE_EXCEEDED, "1.5")); // of a stage behind it
        assertThat(another.failure().getMessage()).contains("limit of 1.5 s");
    }

    @Test
    void aStageWithLessTimeThanItsRequestDoesNotEndTheRequest() {
        Router brief = router(2, Duration.ofSeconds(1));
        Held one = new Held();
        brief.add("one", one, 1);
        Reply reply = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        brief.call(INPUT, reply.call, reply);
        time.advance(Duration.ofSeconds(1));
        brief.sweep();
        assertThat(reply.ends).containsExactly("DEADLINE_EXCEEDED");
        assertThat(one.calls.getFirst().call.cancellation().cancelled()).isTrue();
        assertThat(reply.cancellation.cancelled()).isFalse();
    }

    @Test
    void R5_4_cancellingTheRequestReachesAStageWithLessTime() {
        Router brief = router(2, Duration.ofSeconds(1));
        Held one = new Held();
        brief.add("one", one, 1);
        Reply reply = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        brief.call(INPUT, reply.call, reply);
        reply.cancellation.cancel();
        assertThat(one.calls.getFirst().call.cancellation().cancelled()).isTrue();
    }

    @Test
    void aCancelledCallLeavesTheQueue() {
        Held one = add("one", 1);
        call();
        Reply cancelled = call();
        Reply next = call();
        cancelled.cancellation.cancel();
        assertThat(cancelled.ends).containsExactly("CANCELLED");
        one.finish();
        one.finish();
        assertThat(next.isCompleted()).isTrue();
        Reply before = new Reply(time.nanos() + 1000);
        before.cancellation.cancel();
        router.call(INPUT, before.call, before);
        assertThat(before.ends).containsExactly("CANCELLED");
    }

    @Test
    void aDrainingReplicaGetsNothingNewAndFinishesWhatItHas() {
        Held old = add("old", 5);
        Reply running = call();
        router.drain("old");
        Reply waits = call();
        assertThat(waits.ends).isEmpty();
        Held fresh = add("new", 5);
        assertThat(fresh.calls).hasSize(1);
        old.finish();
        assertThat(running.isCompleted()).isTrue();
        assertThat(router.running("old")).isZero();
    }

    @Test
    void whatAReplicaWillNotStartGoesToAnother() {
        Held full = add("full", 10);
        full.refusal = ServeException.of(ErrorCode.QUEUE_FULL, 1, 1);
        Held other = add("other", 10);
        List<Reply> replies = new ArrayList<>();
        for (int i = 0; i < 10; i++) replies.add(call());
        assertThat(other.calls).hasSize(10);
        while (!other.calls.isEmpty()) other.finish();
        assertThat(replies).allMatch(Reply::isCompleted);
    }

    @Test
    void whatNoReplicaWillStartWaitsAndIsTriedAgain() {
        Held full = add("full", 10);
        full.refusal = ServeException.of(ErrorCode.QUEUE_FULL, 1, 1);
        Reply first = call();
        Reply second = call();
        assertThat(router.load().queued()).isEqualTo(2);
        full.refusal = null;
        router.sweep();
        assertThat(full.calls).hasSize(2);
        full.finish();
        assertThat(first.isCompleted()).isTrue();
        assertThat(second.ends).isEmpty();
    }

    @Test
    void aReplicaThatIsLostIsToldOfAndGetsNothingMore() {
        Held gone = add("gone", 10);
        gone.refusal = ServeException.of(ErrorCode.REPLICA_LOST);
        Reply reply = call();
        gone.refusal = null;
        router.sweep();
        assertThat(lost).containsExactly("gone");
        assertThat(gone.calls).isEmpty();
        assertThat(reply.ends).isEmpty();
        Held fresh = add("fresh", 1);
        fresh.finish();
        assertThat(reply.isCompleted()).isTrue();
    }

    @Test
    void whatALostReplicaNeverHeardOfGoesToAnother() {
        Held gone = add("gone", 10);
        Reply untold = call();
        Reply begun = call();
        Held other = add("other", 10);
        gone.calls.removeFirst().replies.notBegun(ServeException.of(ErrorCode.REPLICA_LOST));
        gone.calls.removeFirst().replies.failed(ServeException.of(ErrorCode.INTERNAL));
        assertThat(lost).containsExactly("gone");
        assertThat(begun.ends).containsExactly("INTERNAL");
        assertThat(untold.ends).isEmpty();
        other.finish();
        assertThat(untold.isCompleted()).isTrue();
        router.verify();
    }

    @Test
    void whatStartedIsNeverStartedAgain() {
        Held one = add("one", 1);
        Held two = add("two", 1);
        Reply reply = call();
        Held has = one.calls.isEmpty() ? two : one;
        Reply listener = reply;
        has.calls.getFirst().replies.next(OUTPUT);
        has.calls.getFirst().replies.failed(ServeException.of(ErrorCode.REPLICA_LOST));
        assertThat(listener.ends).containsExactly("REPLICA_LOST");
        assertThat(one.calls.size() + two.calls.size()).isEqualTo(1);
    }

    @Test
    void aRefusalThatIsTheCallersIsToldTheCaller() {
        Held one = add("one", 1);
        one.refusal = ServeException.of(ErrorCode.UNKNOWN_FIELD, "x");
        assertThat(call().ends).containsExactly("UNKNOWN_FIELD");
        assertThat(router.running("one")).isZero();
    }

    @Test
    void aReplicaThatBreaksIsAnInternalErrorOfThatCallOnly() {
        router.add(
                "broken",
                new Answering((call, replies) -> {
                    throw new IllegalStateException("secret");
                }),
                1);
        Reply reply = call();
        assertThat(reply.ends).containsExactly("INTERNAL");
        assertThat(reply.failure().getMessage()).doesNotContain("secret");
        assertThat(router.load().running()).isZero();
    }

    @Test
    void aReplicaThatShutsDownIsLostAndTheServerIsNot() {
        Held one = add("one", 1);
        Reply reply = call();
        one.fail(ServeException.of(ErrorCode.SHUTTING_DOWN));
        assertThat(reply.ends).containsExactly("REPLICA_LOST");
    }

    @Test
    void anEndToldTwiceCountsOnce() {
        Held one = add("one", 1);
        Reply reply = call();
        Held.Got got = one.calls.getFirst();
        got.replies.completed();
        got.replies.completed();
        got.replies.failed(ServeException.of(ErrorCode.INTERNAL));
        got.replies.next(OUTPUT);
        assertThat(reply.ends).containsExactly("completed");
        assertThat(reply.items).isEmpty();
        assertThat(router.load().running()).isZero();
        assertThat(router.load().completed()).isEqualTo(1);
    }

    @Test
    void removingAReplicaEndsWhatItHasNotEnded() {
        Held one = add("one", 2);
        Reply reply = call();
        router.remove("one");
        assertThat(reply.ends).containsExactly("REPLICA_LOST");
        one.finish();
        assertThat(reply.ends).hasSize(1);
        assertThat(router.load().running()).isZero();
    }

    @Test
    void aClosedRouterRefusesWhoWaitsAndWhoComes() {
        Reply waits = call();
        router.close(Optional.of(Duration.ofSeconds(7)));
        for (Reply refused : List.of(waits, call())) {
            assertThat(refused.ends).containsExactly("DEPLOYMENT_UNAVAILABLE");
            assertThat(refused.failure().retryAfter()).hasValue(Duration.ofSeconds(7));
        }
        router.open();
        assertThat(call().ends).isEmpty();
    }

    @Test
    void raisingALimitStartsWhoWaits() {
        Held one = add("one", 1);
        call();
        call();
        router.limit("one", 2);
        assertThat(one.calls).hasSize(2);
    }

    @Test
    void aServantThatAnswersAtOnceEmptiesALongQueueWithoutGrowingTheStack() {
        Router deep = router(100_000, Duration.ofSeconds(30));
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 50_000; i++) {
            Reply reply = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
            reply.atEnd = done::incrementAndGet;
            deep.call(INPUT, reply.call, reply);
        }
        deep.add("one", new Answering((call, replies) -> replies.completed()), 1);
        assertThat(done).hasValue(50_000);
    }

    @Test
    void aKeyStaysWithItsReplicaUnlessThatIsMuchBusier() {
        Held one = add("one", 100);
        Held two = add("two", 100);
        Held three = add("three", 100);
        near(42);
        Held home = List.of(one, two, three).stream()
                .filter(held -> !held.calls.isEmpty())
                .findAny()
                .orElseThrow();
        for (int i = 0; i < 4; i++) near(42);
        assertThat(home.calls).hasSize(5);
        near(42); // five are more than the slack of four above the least busy, which has none
        assertThat(home.calls).hasSize(5);
    }

    @Test
    void ongoingIsSummedUpOverTime() {
        Held one = add("one", 1);
        call();
        call();
        time.advance(Duration.ofSeconds(10));
        one.finish();
        time.advance(Duration.ofSeconds(10));
        assertThat(router.load().ongoingSeconds()).isEqualTo(30);
        assertThat(router.load().ongoing()).isEqualTo(1);
    }

    @Test
    void R2_5_refusedCallsDoNotCountAsLoad() {
        Held one = add("one", 1);
        for (int i = 0; i < 1000; i++) call();
        assertThat(one.calls).hasSize(1);
        assertThat(router.load().ongoing()).isEqualTo(3);
        time.advance(Duration.ofSeconds(1));
        assertThat(router.load().ongoingSeconds()).isEqualTo(3);
    }

    @Test
    void everyCallEndsOnceUnderThreadsThatCancelDrainRefuseAndAnswerTwice() throws Exception {
        Router busy = router(50, Duration.ofSeconds(30));
        int callers = 4;
        int each = 5_000;
        AtomicInteger ended = new AtomicInteger();
        try (ExecutorService answers = Executors.newFixedThreadPool(2);
                ExecutorService others = Executors.newFixedThreadPool(callers + 1)) {
            Answering servant = new Answering((call, replies) -> {
                if (call.requestId().hashCode() % 7 == 0) throw ServeException.of(ErrorCode.BUSY, 1, 1);
                answers.execute(() -> {
                    replies.next(OUTPUT);
                    replies.completed();
                    replies.completed();
                });
            });
            for (int i = 0; i < 4; i++) busy.add("r" + i, servant, 5);
            CountDownLatch done = new CountDownLatch(callers);
            List<Reply> replies = java.util.Collections.synchronizedList(new ArrayList<>());
            for (int t = 0; t < callers; t++) {
                int thread = t;
                others.execute(() -> {
                    for (int i = 0; i < each; i++) {
                        Reply reply = new Reply(
                                "" + thread + i,
                                time.nanos() + Duration.ofSeconds(30).toNanos());
                        reply.atEnd = ended::incrementAndGet;
                        replies.add(reply);
                        busy.call(INPUT, reply.call, reply);
                        if (i % 5 == 0) reply.cancellation.cancel();
                        if (i % 100 == 0) {
                            String id = "t" + thread + "-" + i;
                            busy.add(id, servant, 3);
                            busy.drain(id);
                            if (busy.running(id) == 0) busy.remove(id);
                        }
                        if (i % 50 == 0) busy.sweep();
                    }
                    done.countDown();
                });
            }
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 1000 && busy.load().ongoing() > 0; i++) {
                time.advance(Duration.ofSeconds(31));
                busy.sweep();
                answers.submit(() -> {}).get();
            }
            answers.shutdown();
            assertThat(answers.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
            assertThat(replies).hasSize(callers * each).allMatch(reply -> reply.ends.size() == 1);
        }
        busy.verify();
        RouterLoad load = busy.load();
        assertThat(ended).hasValue(callers * each);
        assertThat(load.submitted()).isEqualTo(callers * each);
        assertThat(load.completed() + load.failed()).isEqualTo(callers * each);
        assertThat(load.ongoing()).isZero();
        assertThat(load.completed()).isPositive();
    }

    // ---- what stands around it

    private Router router(int queuedMax, Duration timeout) {
        RouterLimits limits = new RouterLimits(queuedMax, timeout);
        return new Router("Front", limits, time, new SplittableRandom(1), new RouterListener() {
            @Override
            public void waitingForReplica() {
                waiting++;
            }

            @Override
            public void lost(String replicaId) {
                lost.add(replicaId);
            }
        });
    }

    private Held add(String id, int ongoingMax) {
        Held held = new Held();
        router.add(id, held, ongoingMax);
        return held;
    }

    private Reply call() {
        Reply reply = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        router.call(INPUT, reply.call, reply);
        return reply;
    }

    private void near(long key) {
        Reply reply = new Reply(time.nanos() + Duration.ofSeconds(30).toNanos());
        router.call((servant, call, replies) -> servant.call(INPUT, call, replies), reply.call, key, reply);
    }

    /// What a caller is told.
    private static final class Reply implements ReplyListener {
        final Cancellation cancellation = new Cancellation();
        final Call call;
        final List<Payload> items = new ArrayList<>();
        final List<String> ends = new ArrayList<>();
        Runnable atEnd = () -> {};
        private @Nullable ServeException why;

        Reply(long deadline) {
            this("r", deadline);
        }

        Reply(String id, long deadline) {
            call = new Call(id, "shop", "", deadline, Optional.empty(), cancellation);
        }

        boolean isCompleted() {
            return ends.equals(List.of("completed"));
        }

        ServeException failure() {
            return java.util.Objects.requireNonNull(why);
        }

        @Override
        public void next(Payload item) {
            items.add(item);
        }

        @Override
        public void completed() {
            ends.add("completed");
            atEnd.run();
        }

        @Override
        public void failed(ServeException failure) {
            why = failure;
            ends.add(failure.code().name());
            atEnd.run();
        }
    }

    /// Keeps its calls until it is told to finish the first.
    private static final class Held implements Servant {
        record Got(Call call, ReplyListener replies) {}

        final Deque<Got> calls = new ArrayDeque<>();

        @Nullable
        ServeException refusal;

        void finish() {
            Got first = calls.removeFirst();
            first.replies.next(OUTPUT);
            first.replies.completed();
        }

        void fail(ServeException why) {
            calls.removeFirst().replies.failed(why);
        }

        @Override
        public void call(Payload input, Call call, ReplyListener replies) {
            if (refusal != null) throw refusal;
            calls.add(new Got(call, replies));
        }

        @Override
        public void reconfigure(JsonNode userConfig) {}

        @Override
        public void healthCheck() {}

        @Override
        public void close() {}
    }

    private record Answering(Answer answer) implements Servant {
        interface Answer {
            void call(Call call, ReplyListener replies);
        }

        @Override
        public void call(Payload input, Call call, ReplyListener replies) {
            answer.call(call, replies);
        }

        @Override
        public void reconfigure(JsonNode userConfig) {}

        @Override
        public void healthCheck() {}

        @Override
        public void close() {}
    }
}
