package dev.redoubt.serve.java;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.MultiplexedHandler;
import dev.redoubt.serve.Reconfigurable;
import dev.redoubt.serve.StreamingHandler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class JavaRuntimeTest {
    record Word(String word) {}

    record Size(int size, double weight) {}

    abstract static class Base<T> implements Handler<T, Size> {}

    public static final class Counter extends Base<Word> {
        @Override
        public Size handle(Word input) {
            return switch (input.word()) {
                case "throw" -> throw new IllegalStateException("secret words");
                case "nan" -> new Size(1, Double.NaN);
                case "refuse" -> throw ServeException.of(ErrorCode.NOT_READY);
                case "deny" -> throw ServeException.of(ErrorCode.FORBIDDEN, "admin");
                case "thread" -> new Size(Thread.currentThread().isVirtual() ? 1 : 0, 0);
                case "overflow" -> handle(input);
                default -> new Size(input.word().length(), 0.5);
            };
        }
    }

    public static final class Caller
            implements Handler<
                    @Shape(
                            dtype = DType.F32,
                            sizes = {-1})
                    Tensor,
                    List<Word>> {
        private final DeploymentHandle<Word, Size> counter;

        public Caller(@To("Counter") DeploymentHandle<Word, Size> counter) {
            this.counter = counter;
        }

        @Override
        public List<Word> handle(Tensor input) {
            return List.of(new Word(counter + ""));
        }
    }

    private static Interface describe(Class<?> handler) throws RuntimeRefusal {
        return describe(handler, "{}");
    }

    private static Interface describe(Class<?> handler, String userConfig) throws RuntimeRefusal {
        try (var runtime = new JavaRuntime(spec -> handler, TimeSource.system())) {
            return runtime.describe(Replica.spec(handler.getSimpleName(), userConfig));
        }
    }

    @Test
    void R5_1_typesOfHandlersAndOfTheirHandlesAreTheInterface() throws Exception {
        var word = new Schema.Fields(List.of(new Schema.Field("word", new Schema.Text(), true)));
        var size = new Schema.Fields(List.of(
                new Schema.Field("size", new Schema.Whole(Integer.MIN_VALUE, Integer.MAX_VALUE), true),
                new Schema.Field("weight", new Schema.Real(), true)));
        assertThat(describe(Counter.class)).isEqualTo(new Interface(word, size, false, List.of()));
        assertThat(describe(Caller.class))
                .isEqualTo(new Interface(
                        new Schema.Box(DType.F32, List.of(-1)),
                        new Schema.Many(word),
                        false,
                        List.of(new Interface.Edge("Counter", word, size))));
    }

    @Test
    void aCallRunsOnAVirtualThread() throws Exception {
        try (var replica = new Replica(Counter.class)) {
            assertThat(replica.send("{\"word\":\"four\"}").value()).isEqualTo(new Size(4, 0.5));
            assertThat(replica.send("{\"word\":\"thread\"}").value()).isEqualTo(new Size(1, 0));
        }
    }

    @Test
    void R5_3_whatAHandlerThrowsIsNotSeenOutside() throws Exception {
        try (var replica = new Replica(Counter.class)) {
            for (String word : List.of("throw", "nan", "overflow", "deny")) {
                Replies replies = replica.send("{\"word\":\"" + word + "\"}");
                assertThat(replies.failure().code()).as(word).isEqualTo(ErrorCode.INTERNAL);
                assertThat(replies.failure()).hasMessage("internal error").hasNoCause();
                assertThat(replies.items).isEmpty();
            }
            assertThat(replica.send("{\"word\":\"nan\"}").failure().fault())
                    .as("for the log")
                    .hasValueSatisfying(
                            fault -> assertThat(fault).contains("breaks its own schema: 'weight' is not finite"));
            assertThat(replica.send("{\"word\":\"refuse\"}").failure().code()).isEqualTo(ErrorCode.NOT_READY);
            assertThat(replica.send("{\"word\":\"fine\"}").value()).isEqualTo(new Size(4, 0.5));
        }
    }

    static volatile CountDownLatch entered = new CountDownLatch(1);
    static volatile CountDownLatch interrupted = new CountDownLatch(1);
    static final AtomicReference<Call> SEEN = new AtomicReference<>();

    public static final class Sleeper implements Handler<Word, Word> {
        @Override
        public Word handle(Word input) throws Exception {
            SEEN.set(Call.current());
            entered.countDown();
            try {
                new CountDownLatch(1).await();
                return input;
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        }
    }

    private static void fresh() {
        entered = new CountDownLatch(1);
        interrupted = new CountDownLatch(1);
    }

    private static boolean came(CountDownLatch latch) throws InterruptedException {
        return latch.await(20, TimeUnit.SECONDS);
    }

    @Test
    void R5_4_aDeadlineEndsTheCallAndInterruptsItsThread() throws Exception {
        fresh();
        try (var replica = new Replica(Sleeper.class)) {
            Call call = Replica.call(Duration.ofMillis(50));
            Replies replies = replica.send("{\"word\":\"a\"}", call);
            assertThat(replies.failure().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
            assertThat(came(interrupted)).isTrue();
            assertThat(SEEN.get()).as("the handler sees whose call it is").isEqualTo(call);
            assertThat(replies.ends).hasValue(1);

            assertThatThrownBy(() -> replica.send("{\"word\":\"a\"}", Replica.call(Duration.ZERO)))
                    .isInstanceOfSatisfying(
                            ServeException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED));
        }
    }

    @Test
    void noInterruptIsLeftOnAThreadThatIsForOtherCallsToo() throws Exception {
        fresh();
        var plains = new ArrayList<Boolean>();
        var left = new CompletableFuture<Boolean>();
        CallThreads shared = (name, plain, call) -> {
            plains.add(plain);
            Thread.ofPlatform().start(() -> {
                call.run();
                left.complete(Thread.currentThread().isInterrupted());
            });
        };
        try (var replica = new Replica(Deaf.class, shared)) {
            Call call = Replica.call();
            Replies replies = replica.send("{\"word\":\"a\"}", call);
            assertThat(came(entered)).isTrue();
            call.cancellation().cancel();
            assertThat(replies.failure().code()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(left.get(20, TimeUnit.SECONDS)).isFalse();
        }
        try (var replica = new Replica(Letters.class, shared)) {
            assertThat(replica.send("{\"word\":\"ab\"}").value()).isEqualTo(new Word("a"));
        }
        assertThat(plains).as("whether it may be short").containsExactly(true, false);
    }

    /// Ends by its interrupt, and leaves it on its thread.
    public static final class Deaf implements Handler<Word, Word> {
        @Override
        public Word handle(Word input) {
            entered.countDown();
            while (!Thread.currentThread().isInterrupted()) Thread.onSpinWait();
            return input;
        }
    }

    @Test
    void R5_4_cancellingEndsTheCallAndInterruptsItsThread() throws Exception {
        fresh();
        try (var replica = new Replica(Sleeper.class)) {
            Call call = Replica.call();
            Replies replies = replica.send("{\"word\":\"a\"}", call);
            assertThat(came(entered)).isTrue();
            call.cancellation().cancel();
            assertThat(replies.failure().code()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(came(interrupted)).isTrue();

            fresh();
            Replies late = replica.send("{\"word\":\"a\"}", call);
            assertThat(late.failure().code()).as("cancelled before").isEqualTo(ErrorCode.CANCELLED);
        }
        assertThat(entered.getCount()).as("never began").isOne();
    }

    @Test
    void closingEndsWhatRuns() throws Exception {
        fresh();
        var replica = new Replica(Sleeper.class);
        Replies replies = replica.send("{\"word\":\"a\"}");
        assertThat(came(entered)).isTrue();
        replica.close();
        assertThat(replies.failure().code()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(came(interrupted)).isTrue();
        assertThatThrownBy(() -> replica.send("{\"word\":\"a\"}")).isInstanceOf(ServeException.class);
    }

    static final AtomicInteger GIVEN = new AtomicInteger();

    public static final class Letters implements StreamingHandler<Word, Word> {
        @Override
        public void handle(Word input, Consumer<Word> out) {
            for (String letter : input.word().split("")) {
                GIVEN.incrementAndGet();
                out.accept(new Word(letter));
            }
        }
    }

    @Test
    void itemsComeInOrder() throws Exception {
        try (var replica = new Replica(Letters.class)) {
            Replies replies = replica.send("{\"word\":\"abc\"}");
            replies.value();
            assertThat(replies.items)
                    .extracting(item -> ((Payload.Typed) item).value())
                    .containsExactly(new Word("a"), new Word("b"), new Word("c"));
        }
    }

    @Test
    void aReaderThatIsBehindHoldsTheHandlerBackAndCancellingLetsItGo() throws Exception {
        GIVEN.set(0);
        Semaphore reader = new Semaphore(2);
        Replies end = new Replies();
        Semaphore waiting = new Semaphore(0);
        ReplyListener slow = new ReplyListener() {
            @Override
            public void next(Payload item) {
                try {
                    if (!reader.tryAcquire()) waiting.release();
                    else return;
                    reader.acquire();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void completed() {
                end.completed();
            }

            @Override
            public void failed(ServeException failure) {
                end.failed(failure);
            }
        };
        try (var replica = new Replica(Letters.class)) {
            Call call = Replica.call();
            var input = new Payload.Tree(Replica.JSON.readTree("{\"word\":\"abcdefgh\"}"));
            replica.servant.call(input, call, slow);
            assertThat(waiting.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
            assertThat(GIVEN).as("two taken, one on its way").hasValue(3);
            call.cancellation().cancel();
            assertThat(end.failure().code()).isEqualTo(ErrorCode.CANCELLED);
        }
        assertThat(GIVEN).as("the next it gives throws").hasValue(4);
        assertThat(end.ends).hasValue(1);
    }

    record Limit(int max) {
        Limit {
            if (max < 0) throw new IllegalArgumentException("less than nothing");
        }
    }

    public static final class Limited implements Handler<Word, Size>, Reconfigurable<Limit> {
        private volatile int max;

        @Override
        public void reconfigure(Limit config) {
            if (config.max() > 100) throw new IllegalArgumentException("too much");
            max = config.max();
        }

        @Override
        public Size handle(Word input) {
            return new Size(max, 0);
        }
    }

    @Test
    void R3_4_aUserConfigurationIsCheckedLikeAnInput() throws Exception {
        try (var replica = new Replica(Limited.class)) {
            replica.servant.reconfigure(Replica.JSON.readTree("{\"max\":3}"));
            assertThat(replica.send("{\"word\":\"a\"}").value()).isEqualTo(new Size(3, 0));
            assertThatThrownBy(() -> replica.servant.reconfigure(Replica.JSON.readTree("{\"max\":\"3\"}")))
                    .hasMessage("'max' must be a whole number");
            assertThatThrownBy(() -> replica.servant.reconfigure(Replica.JSON.readTree("{\"max\":101}")))
                    .isInstanceOf(RuntimeRefusal.class)
                    .hasMessageContaining("refuses its user-config with java.lang.IllegalArgumentException at ")
                    .hasMessageContaining("Limited.reconfigure")
                    .hasMessageNotContaining("too much");
            assertThatThrownBy(() -> replica.servant.reconfigure(Replica.JSON.readTree("{\"max\":-1}")))
                    .isInstanceOf(RuntimeRefusal.class)
                    .hasMessageContaining("Limit.<init>");
            assertThatThrownBy(() -> replica.servant.reconfigure(Replica.JSON.readTree("{\"max\":3,\"more\":1}")))
                    .hasMessageContaining("more");
            assertThat(replica.send("{\"word\":\"a\"}").value())
                    .as("keeps what it had")
                    .isEqualTo(new Size(3, 0));
        }
        assertThat(describe(Limited.class, "{\"max\":3}").streams()).isFalse();
        assertThatThrownBy(() -> describe(Limited.class, "{\"min\":3}"))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("unknown field 'min'");
        assertThatThrownBy(() -> describe(Counter.class, "{\"max\":3}")).hasMessageContaining("takes none");
    }

    public static final class Two implements Handler<Word, Word>, StreamingHandler<Word, Word> {
        @Override
        public Word handle(Word input) {
            return input;
        }

        @Override
        public void handle(Word input, Consumer<Word> out) {}
    }

    public static final class NoHandler {}

    @SuppressWarnings("rawtypes")
    public static final class Raw implements Handler {
        @Override
        public Object handle(Object input) {
            return input;
        }
    }

    public static final class TwoConstructors implements Handler<Word, Word> {
        public TwoConstructors() {}

        public TwoConstructors(@To("A") DeploymentHandle<Word, Word> other) {}

        @Override
        public Word handle(Word input) {
            return input;
        }
    }

    public static final class TakesText implements Handler<Word, Word> {
        public TakesText(String text) {}

        @Override
        public Word handle(Word input) {
            return input;
        }
    }

    public static final class NotMultiplexed implements MultiplexedHandler<Word, Word, String> {
        @Override
        public String load(String modelId) {
            return modelId;
        }

        @Override
        public Word handle(Word input, String model) {
            return input;
        }
    }

    public static final class Fails implements Handler<Word, Word> {
        public Fails() {
            throw new IllegalStateException("secret words", new RuntimeException(new IOException("more of them")));
        }

        @Override
        public Word handle(Word input) {
            return input;
        }
    }

    @Test
    void whatIsNoHandlerIsRefusedWithTheWayOut() {
        refused(Two.class, "implement one");
        refused(NoHandler.class, "implements 0 of");
        refused(Raw.class, "name them");
        refused(TwoConstructors.class, "2 public constructors: give it one");
        refused(TakesText.class, "takes a String in its constructor: take @To");
        refused(NotMultiplexed.class, "needs @Multiplexed");
        refused(Base.class, "static final class");
        assertThatThrownBy(() -> new Replica(Fails.class))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("constructor throws java.lang.IllegalStateException at ")
                .hasMessageContaining(Fails.class.getName() + ".<init>")
                .hasMessageContaining(", caused by java.io.IOException at ")
                .hasMessageNotContainingAny(" < ", "secret", "more of them");
    }

    private static void refused(Class<?> type, String words) {
        assertThatThrownBy(() -> describe(type))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining(type.getName())
                .hasMessageContaining(words);
    }
}
