package dev.redoubt.serve.java;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.DeploymentResponse;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.Multiplexed;
import dev.redoubt.serve.MultiplexedHandler;
import dev.redoubt.serve.Reconfigurable;
import dev.redoubt.serve.ResponseStream;
import dev.redoubt.serve.StreamingHandler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class LocalApplicationTest {
    record Image(
            @Shape(
                    dtype = DType.F32,
                    sizes = {-1})
            Tensor pixels,

            String how) {}

    record Scaled(
            @Shape(
                    dtype = DType.F32,
                    sizes = {-1})
            Tensor pixels) {}

    record Answer(double sum, String tenant) {}

    static final BlockingQueue<Object> SEEN = new LinkedBlockingQueue<>();
    static final AtomicInteger SUMS = new AtomicInteger();

    @Deployment(name = "Scale", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 5)
    public static final class Scale implements Handler<Image, Scaled> {
        @Override
        public Scaled handle(Image input) throws Exception {
            SEEN.add(Call.current());
            if (input.how().equals("throw")) throw new IllegalStateException("secret");
            if (input.how().equals("hang")) hang();
            Scaled scaled = new Scaled(input.pixels());
            SEEN.add(scaled);
            return scaled;
        }
    }

    private static void hang() throws InterruptedException {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            SEEN.add("interrupted");
            throw e;
        }
    }

    @Deployment(name = "Sum", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 5)
    public static final class Sum implements Handler<Scaled, Answer> {
        @Override
        public Answer handle(Scaled input) {
            SUMS.incrementAndGet();
            SEEN.add(input);
            double sum = 0;
            for (float one : input.pixels().floats()) sum += one;
            return new Answer(sum, Call.current().application());
        }
    }

    @Deployment(name = "Pipeline", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 20)
    public static final class Pipeline implements Handler<Image, Answer> {
        private final DeploymentHandle<Image, Scaled> scale;
        private final DeploymentHandle<Scaled, Answer> sum;

        public Pipeline(
                @To("Scale") DeploymentHandle<Image, Scaled> scale, @To("Sum") DeploymentHandle<Scaled, Answer> sum) {
            this.scale = scale;
            this.sum = sum;
        }

        @Override
        public Answer handle(Image input) {
            if (input.how().equals("nan"))
                return sum.call(new Scaled(Tensor.of(List.of(1), Float.NaN))).get();
            if (input.how().equals("hurry"))
                return sum.call(scale.within(Duration.ofMillis(30)).call(new Image(input.pixels(), "hang")))
                        .get();
            return sum.call(scale.call(input)).get(); // the tensor goes on without coming here
        }
    }

    private static LocalApplication pipeline() {
        SEEN.clear();
        SUMS.set(0);
        return Serve.local(Application.named("shop")
                .add(Scale.class)
                .add(Sum.class)
                .ingress(Pipeline.class)
                .build());
    }

    private static ServeException refusal(LocalApplication local, String body) {
        return catchThrowableOfType(ServeException.class, () -> local.json(body));
    }

    @Test
    void aRequestGoesThroughTheGraphAndBack() {
        try (var local = pipeline()) {
            assertThat(local.json("{\"pixels\":[1,2,3.5],\"how\":\"\"}"))
                    .isEqualTo("{\"sum\":6.5,\"tenant\":\"shop\"}");
        }
    }

    @Test
    void aTypedCallIsOneOfTheIngress() {
        try (var local = pipeline()) {
            var ingress = local.ingress(Image.class, Answer.class);
            assertThat(ingress.call(new Image(Tensor.of(List.of(2), 1, 2), "")).get())
                    .isEqualTo(new Answer(3, "shop"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> local.ingress(Answer.class, Image.class))
                    .withMessageContaining("the ingress Pipeline takes");
        }
    }

    @Test
    void whatOneStageGivesTheNextTakesWithoutACopy() throws Exception {
        try (var local = pipeline()) {
            Tensor pixels = Tensor.of(List.of(2), 1, 2);
            local.ingress(Image.class, Answer.class).call(new Image(pixels, "")).get();
            SEEN.remove(); // the call
            Scaled given = (Scaled) SEEN.remove();
            Scaled taken = (Scaled) SEEN.remove();
            assertThat(taken).isSameAs(given);
            assertThat(taken.pixels()).isSameAs(pixels);
        }
    }

    @Test
    void R1_7_whatDoesNotFitIsRefusedBeforeAnyHandlerRuns() {
        try (var local = pipeline()) {
            assertThat(refusal(local, "{\"pixels\":[1,null],\"how\":\"\"}")).hasMessage("'pixels[1]' must be a number");
            assertThat(refusal(local, "{\"pixels\":[1e60],\"how\":\"\"}").code())
                    .isEqualTo(ErrorCode.NOT_FINITE);
            assertThat(refusal(local, "{\"pixels\":[[1]],\"how\":\"\"}").code().status())
                    .isEqualTo(400);
            assertThat(refusal(local, "{\"pixels\":[1]}").code()).isEqualTo(ErrorCode.MISSING_FIELD);
            assertThat(refusal(local, "{\"pixels\":[1],\"pixels\":[1]}").code()).isEqualTo(ErrorCode.DUPLICATE_FIELD);
            assertThat(refusal(local, "{\"pixels\":[NaN]}").code()).isEqualTo(ErrorCode.INVALID_JSON);
            assertThat(SEEN).isEmpty();
        }
    }

    @Test
    void R5_3_aFaultOfAStageIsAnInternalErrorAndStopsTheNext() {
        try (var local = pipeline()) {
            assertThat(refusal(local, "{\"pixels\":[1],\"how\":\"throw\"}"))
                    .hasMessage("internal error")
                    .hasNoCause();
            assertThat(refusal(local, "{\"pixels\":[1],\"how\":\"nan\"}").code())
                    .as("the deployment's fault, not its caller's")
                    .isEqualTo(ErrorCode.INTERNAL);
            assertThat(SUMS).hasValue(0);
        }
    }

    @Test
    void R5_4_aStageGetsLessTimeAndPassesItsFailureOn() throws Exception {
        try (var local = pipeline()) {
            assertThat(refusal(local, "{\"pixels\":[1],\"how\":\"hurry\"}").code())
                    .isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
            SEEN.take(); // the call
            assertThat(SEEN.poll(20, TimeUnit.SECONDS)).isEqualTo("interrupted");
            assertThat(SUMS).hasValue(0);
        }
    }

    @Test
    void R5_4_deadlineTenantAndCancellationReachEveryStage() throws Exception {
        try (var local = pipeline()) {
            long before = System.nanoTime();
            DeploymentResponse<Answer> response =
                    local.ingress(Image.class, Answer.class).call(new Image(Tensor.of(List.of(1), 1), "hang"));
            Call seen = (Call) SEEN.take();
            assertThat(seen.application()).isEqualTo("shop");
            assertThat(seen.requestId()).startsWith("local-");
            assertThat(seen.deadlineNanos() - before)
                    .isBetween(0L, Duration.ofSeconds(10).toNanos());
            response.cancel();
            assertThat(SEEN.poll(20, TimeUnit.SECONDS)).isEqualTo("interrupted");
            assertThat(seen.cancellation().cancelled()).isTrue();
            assertThatThrownBy(response::get)
                    .isInstanceOfSatisfying(
                            ServeException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.CANCELLED));
            assertThat(SUMS).hasValue(0);
        }
    }

    record Count(int to) {}

    @Deployment(name = "Numbers", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 10)
    public static final class Numbers implements StreamingHandler<Count, Count> {
        @Override
        public void handle(Count input, Consumer<Count> out) {
            for (int i = 1; i <= input.to(); i++) {
                GIVEN.set(i);
                out.accept(new Count(i));
            }
            if (input.to() == 3) throw new IllegalStateException("secret");
        }
    }

    static final AtomicInteger GIVEN = new AtomicInteger();

    @Deployment(name = "Doubled", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 20)
    public static final class Doubled implements StreamingHandler<Count, Count> {
        private final DeploymentHandle<Count, Count> numbers;

        public Doubled(@To("Numbers") DeploymentHandle<Count, Count> numbers) {
            this.numbers = numbers;
        }

        @Override
        public void handle(Count input, Consumer<Count> out) {
            try (ResponseStream<Count> items = numbers.stream(input)) {
                while (items.hasNext()) out.accept(new Count(2 * items.next().to()));
            }
        }
    }

    private static LocalApplication numbers() {
        return Serve.local(Application.named("shop")
                .add(Numbers.class)
                .ingress(Doubled.class)
                .build());
    }

    @Test
    void itemsStreamThroughStages() {
        try (var local = numbers();
                var items = local.ingress(Count.class, Count.class).stream(new Count(100))) {
            for (int i = 1; i <= 100; i++) assertThat(items.next()).isEqualTo(new Count(2 * i));
            assertThat(items.hasNext()).isFalse();
        }
    }

    @Test
    void R5_3_aStreamThatFailsFailsAfterItsItems() {
        try (var local = numbers();
                var items = local.ingress(Count.class, Count.class).stream(new Count(3))) {
            for (int i = 1; i <= 3; i++) assertThat(items.next().to()).isEqualTo(2 * i);
            assertThatThrownBy(items::hasNext)
                    .isInstanceOf(ServeException.class)
                    .hasMessage("internal error");
        }
    }

    @Test
    void R5_4_closingAStreamStopsWhoMakesItAndAFullBufferHoldsThemBack() {
        try (var local = numbers()) {
            GIVEN.set(0);
            try (var items = local.ingress(Count.class, Count.class).stream(new Count(1_000_000))) {
                assertThat(items.next()).isEqualTo(new Count(2));
            }
        } // closing waits for what still runs
        assertThat(GIVEN.get()).isBetween(1, 3 * ItemStream.ITEMS_MAX);
    }

    @Deployment(name = "First", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 20)
    public static final class First implements Handler<Count, Count> {
        private final DeploymentHandle<Count, Count> numbers;

        public First(@To("Numbers") DeploymentHandle<Count, Count> numbers) {
            this.numbers = numbers;
        }

        @Override
        public Count handle(Count input) {
            return numbers.call(input).get();
        }
    }

    @Test
    void theFirstItemOfAStreamDoesNotPassForTheAnswer() {
        GIVEN.set(0);
        try (var local = Serve.local(Application.named("shop")
                .add(Numbers.class)
                .ingress(First.class)
                .build())) {
            var first = local.ingress(Count.class, Count.class);
            assertThatThrownBy(() -> first.call(new Count(1_000_000)).get())
                    .isInstanceOfSatisfying(ServeException.class, failure -> {
                        assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL);
                        assertThat(failure.fault())
                                .hasValue("because shop/First calls a StreamingHandler by call(): call it by stream()");
                    });
            assertThat(first.call(new Count(1)).get()).isEqualTo(new Count(1));
        }
        assertThat(GIVEN.get()).as("it was told to stop").isLessThan(1_000_000);
    }

    record Prefix(String prefix) {}

    record Text(String text) {}

    @Multiplexed(maxModels = 2)
    @Deployment(name = "Models", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 5)
    public static final class Models implements MultiplexedHandler<Text, Text, String>, Reconfigurable<Prefix> {
        private volatile String prefix = "";

        @Override
        public void reconfigure(Prefix config) {
            prefix = config.prefix();
        }

        @Override
        public String load(String modelId) {
            return modelId;
        }

        @Override
        public Text handle(Text input, String model) {
            return new Text(prefix + model + input.text());
        }
    }

    @Deployment(name = "Before", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 16, timeoutSeconds = 10)
    public static final class Before implements Handler<Text, Text> {
        private final DeploymentHandle<Text, Text> models;

        public Before(@To("Models") DeploymentHandle<Text, Text> models) {
            this.models = models;
        }

        @Override
        public Text handle(Text input) {
            DeploymentHandle<Text, Text> own = input.text().isEmpty() ? models.model("own") : models;
            return own.call(input).get();
        }
    }

    @Test
    void theModelThatACallerNamesGoesAlongUnlessAStageNamesAnother() {
        try (var local = Serve.local(Application.named("shop")
                .ingress(Before.class)
                .add(Models.class, new Prefix(""))
                .build())) {
            var ingress = local.ingress(Text.class, Text.class).model("a-1");
            assertThat(ingress.call(new Text("!")).get()).isEqualTo(new Text("a-1!"));
            assertThat(ingress.call(new Text("")).get()).isEqualTo(new Text("own"));
        }
    }

    @Test
    void aModelAndAUserConfigurationReachTheHandler() {
        try (var local = Serve.local(Application.named("shop")
                .ingress(Models.class, new Prefix("> "))
                .build())) {
            var ingress = local.ingress(Text.class, Text.class);
            assertThat(ingress.model("a-1").call(new Text("!")).get()).isEqualTo(new Text("> a-1!"));
            assertThatThrownBy(() -> ingress.call(new Text("!")).get())
                    .isInstanceOfSatisfying(
                            ServeException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.MISSING_FIELD));
            assertThatThrownBy(() -> ingress.model("../etc")).isInstanceOf(ServeException.class);
        }
    }

    @Test
    void R5_2_aGraphWithProblemsDoesNotRun() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Serve.local(
                        Application.named("shop").ingress(Pipeline.class).build()))
                .withMessageContaining("'Pipeline' calls 'Scale', which is none of the deployments [Pipeline]")
                .withMessageContaining("'Pipeline' calls 'Sum'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Application.named("shop").add(Sum.class).build())
                .withMessageContaining("no ingress");
    }
}
