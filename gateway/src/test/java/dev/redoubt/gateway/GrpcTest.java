package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.schema.MessagePackBody;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The gRPC port, asked by grpc-java; messages are made by hand, as a client of any language would have them made.
@SuppressWarnings("NullAway.Init")
final class GrpcTest {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> CODE = Metadata.Key.of("redoubt-code", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> ERROR_ID =
            Metadata.Key.of("redoubt-error-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> RETRY =
            Metadata.Key.of("retry-after-ms", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(
                platform,
                TestApplications.application("test", "Front", "Greeter"),
                TestApplications.application("counting", "Counter"),
                TestApplications.application("sleeping", "Sleeper"));
        edge = edge(home, TestEdge.GENEROUS);
        channel = channel(edge);
    }

    private static TestEdge edge(Path home, RateLimits rates) {
        return edge(home, rates, hasty(EdgeTimeouts.DEFAULT.keepAlive()));
    }

    private static TestEdge edge(Path home, RateLimits rates, EdgeTimeouts timeouts) {
        return TestEdge.at(home)
                .rates(rates)
                .protocols(false, OptionalInt.of(0))
                .timeouts(timeouts)
                .platform(platform)
                .start();
    }

    /// As ever, but that a reader who takes nothing is not waited for long.
    private static EdgeTimeouts hasty(Duration keepAlive) {
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        return new EdgeTimeouts(
                d.firstRequest(), keepAlive, d.body(), Duration.ofMillis(500), d.ping(), d.linger(), d.drain());
    }

    private static ManagedChannel channel(TestEdge edge) {
        return NettyChannelBuilder.forAddress("127.0.0.1", edge.edge.grpcPort())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        edge.close();
        platform.close();
    }

    private static String key(String application) {
        return edge.keys.create(application, Set.of(Scope.INFERENCE)).secret();
    }

    // ---- messages

    private static void field(ByteArrayOutputStream out, int number, byte[] value) {
        out.write(number << 3 | 2);
        int length = value.length;
        for (; length > 0x7F; length >>>= 7) out.write(length & 0x7F | 0x80);
        out.write(length);
        out.writeBytes(value);
    }

    private static byte[] request(String application, String type, byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        field(out, 1, application.getBytes(StandardCharsets.UTF_8));
        field(out, 2, type.getBytes(StandardCharsets.UTF_8));
        field(out, 3, body);
        return out.toByteArray();
    }

    private static byte[] json(String application, String body) {
        return request(application, "application/json", body.getBytes(StandardCharsets.UTF_8));
    }

    /// The body of a reply that is shorter than 128 bytes.
    private static String body(byte[] reply) {
        int type = reply[1];
        assertThat(reply[0]).isEqualTo((byte) 0x0A);
        assertThat(reply[2 + type]).isEqualTo((byte) 0x12);
        return new String(reply, 4 + type, reply[3 + type], StandardCharsets.UTF_8);
    }

    private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
        RAW;

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(Bytes.RAW, Bytes.RAW)
                .setFullMethodName("redoubt.v1.Application/" + name)
                .setType(type)
                .build();
    }

    private static io.grpc.Channel with(ManagedChannel plain, String key) {
        Metadata metadata = new Metadata();
        if (!key.isEmpty()) metadata.put(AUTHORIZATION, "Bearer " + key);
        return ClientInterceptors.intercept(plain, MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    private static byte[] call(String key, byte[] message) {
        return ClientCalls.blockingUnaryCall(with(channel, key), method("Call", MethodType.UNARY), options(), message);
    }

    private static CallOptions options() {
        return CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private static List<String> stream(String key, byte[] message) {
        Iterator<byte[]> replies = ClientCalls.blockingServerStreamingCall(
                with(channel, key), method("Stream", MethodType.SERVER_STREAMING), options(), message);
        List<String> bodies = new ArrayList<>();
        replies.forEachRemaining(reply -> bodies.add(body(reply)));
        return bodies;
    }

    private static StatusRuntimeException refusal(String key, byte[] message) {
        return catchThrowableOfType(StatusRuntimeException.class, () -> call(key, message));
    }

    private static void assertRefused(StatusRuntimeException refusal, Status.Code status, ErrorCode code) {
        assertThat(refusal).isNotNull();
        assertThat(refusal.getStatus().getCode()).as(refusal.toString()).isEqualTo(status);
        assertThat(refusal.getTrailers().get(CODE)).isEqualTo(code.wire());
    }

    // ---- tests

    @Test
    void aCallGoesThroughItsStagesAndBack() {
        byte[] reply = call(edge.key, json("test", "{\"name\":\"Ada\",\"times\":1}"));
        assertThat(body(reply)).isEqualTo("{\"text\":\"Hello Ada\",\"caller\":\"test\"}");
    }

    @Test
    void messagePackComesAndGoes() {
        byte[] body = MessagePackBody.write(TestEdge.json("{\"name\":\"Ada\",\"times\":1}"));
        byte[] reply = call(edge.key, request("test", "application/msgpack", body));
        assertThat(new String(reply, StandardCharsets.ISO_8859_1))
                .contains("application/msgpack")
                .contains("Hello Ada");
    }

    @Test
    void aStreamComesItemByItem() {
        String key = key("counting");
        assertThat(stream(key, json("counting", "{\"count\":3}")))
                .containsExactly("{\"number\":1}", "{\"number\":2}", "{\"number\":3}");
        assertThat(stream(key, json("counting", "{\"count\":0}"))).isEmpty();
        assertThat(stream(key, json("counting", "{\"count\":20000}"))).hasSize(20_000);
        assertThat(stream(edge.key, json("test", "{\"name\":\"Ada\",\"times\":1}")))
                .as("one item of an application that does not stream")
                .hasSize(1);
        assertRefused(
                refusal(key, json("counting", "{\"count\":3}")),
                Status.Code.UNIMPLEMENTED,
                ErrorCode.METHOD_NOT_ALLOWED);
    }

    @Test
    void V5_3_aKeyIsNeededAndAForeignApplicationIsNone() {
        byte[] message = json("test", "{\"name\":\"Ada\",\"times\":1}");
        assertRefused(refusal("", message), Status.Code.UNAUTHENTICATED, ErrorCode.UNAUTHENTICATED);
        assertRefused(refusal("rdt_nobody", message), Status.Code.UNAUTHENTICATED, ErrorCode.UNAUTHENTICATED);
        assertRefused(refusal(edge.metricsKey, message), Status.Code.PERMISSION_DENIED, ErrorCode.FORBIDDEN);
        StatusRuntimeException foreign = refusal(key("counting"), message);
        StatusRuntimeException none = refusal(key("counting"), json("nobody", "{}"));
        assertRefused(foreign, Status.Code.NOT_FOUND, ErrorCode.ROUTE_NOT_FOUND);
        assertThat(none.getStatus().getDescription())
                .isEqualTo(foreign.getStatus().getDescription());
    }

    @Test
    void R3_4_R1_7_whatTheSchemaDoesNotKnowIsRefusedByName() {
        StatusRuntimeException unknown = refusal(edge.key, json("test", "{\"name\":\"Ada\",\"times\":1,\"more\":2}"));
        assertRefused(unknown, Status.Code.INVALID_ARGUMENT, ErrorCode.UNKNOWN_FIELD);
        assertThat(unknown.getStatus().getDescription()).contains("'more'");
        assertRefused(
                refusal(edge.key, json("test", "{\"name\":7,\"times\":1}")),
                Status.Code.INVALID_ARGUMENT,
                ErrorCode.WRONG_TYPE);
        assertRefused(
                refusal(edge.key, request("test", "text/plain", new byte[0])),
                Status.Code.INVALID_ARGUMENT,
                ErrorCode.UNSUPPORTED_MEDIA_TYPE);
    }

    @Test
    void R3_2_aMessageThatIsNoneIsRefused() {
        ByteArrayOutputStream fifth = new ByteArrayOutputStream();
        fifth.writeBytes(json("test", "{}"));
        field(fifth, 5, new byte[3]);
        assertRefused(refusal(edge.key, fifth.toByteArray()), Status.Code.INVALID_ARGUMENT, ErrorCode.UNKNOWN_FIELD);
        ByteArrayOutputStream twice = new ByteArrayOutputStream();
        twice.writeBytes(json("test", "{}"));
        field(twice, 1, new byte[] {'x'});
        assertRefused(refusal(edge.key, twice.toByteArray()), Status.Code.INVALID_ARGUMENT, ErrorCode.DUPLICATE_FIELD);
        byte[][] broken = {
            {0x0A}, // no length
            {0x0A, 5, 't'}, // goes past the end
            {0x08, 1}, // a number
            {0x0A, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF}, // a length of no end
            {0x0A, 1, (byte) 0xFF} // not UTF-8
        };
        for (byte[] bytes : broken)
            assertRefused(refusal(edge.key, bytes), Status.Code.INVALID_ARGUMENT, ErrorCode.INVALID_BODY);
        assertRefused(refusal(edge.key, new byte[0]), Status.Code.NOT_FOUND, ErrorCode.ROUTE_NOT_FOUND);
    }

    @Test
    void R5_3_aFaultTellsNothingButItsId() {
        StatusRuntimeException fault = refusal(edge.key, json("test", "{\"name\":\"trouble\",\"times\":1}"));
        assertRefused(fault, Status.Code.INTERNAL, ErrorCode.INTERNAL);
        assertThat(fault.getStatus().getDescription()).isEqualTo("internal error");
        assertThat(fault.getTrailers().get(ERROR_ID)).isNotBlank();
    }

    @Test
    void R1_3_theCallersTimeoutBoundsTheDeadline() throws Exception {
        TestApplications.Sleeper.stopped = new CountDownLatch(1);
        StatusRuntimeException late = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> ClientCalls.blockingUnaryCall(
                        with(channel, key("sleeping")),
                        method("Call", MethodType.UNARY),
                        CallOptions.DEFAULT.withDeadlineAfter(400, TimeUnit.MILLISECONDS),
                        json("sleeping", "{\"count\":1}")));
        assertThat(late.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(TestApplications.Sleeper.stopped.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void R5_4_whoLeavesStopsEveryStage() throws Exception {
        TestApplications.Sleeper.begun = new CountDownLatch(1);
        TestApplications.Sleeper.stopped = new CountDownLatch(1);
        var call = ClientCalls.futureUnaryCall(
                with(channel, key("sleeping")).newCall(method("Call", MethodType.UNARY), options()),
                json("sleeping", "{\"count\":1}"));
        assertThat(TestApplications.Sleeper.begun.await(20, TimeUnit.SECONDS)).isTrue();
        call.cancel(true);
        assertThat(TestApplications.Sleeper.stopped.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void R1_1_aConnectionIsIdleWhenNoneOfItsCallsRuns(@TempDir Path other) throws Exception {
        TestApplications.Sleeper.begun = new CountDownLatch(1);
        try (TestEdge brief = edge(other, TestEdge.GENEROUS, hasty(Duration.ofMillis(300)))) {
            String sleeping =
                    brief.keys.create("sleeping", Set.of(Scope.INFERENCE)).secret();
            ManagedChannel plain = channel(brief);
            MethodDescriptor<byte[], byte[]> method = method("Call", MethodType.UNARY);
            var call = ClientCalls.futureUnaryCall(
                    with(plain, sleeping).newCall(method, options()), json("sleeping", "{\"count\":1}"));
            assertThat(TestApplications.Sleeper.begun.await(20, TimeUnit.SECONDS))
                    .isTrue();
            byte[] message = json("test", "{\"name\":\"Ada\",\"times\":1}");
            ClientCalls.blockingUnaryCall(with(plain, brief.key), method, options(), message);
            CompletableFuture<String> closed = new CompletableFuture<>();
            plain.notifyWhenStateChanged(ConnectivityState.READY, () -> closed.complete("closed"));
            assertThat(closed.completeOnTimeout("open", 1, TimeUnit.SECONDS).get())
                    .isEqualTo("open");
            CompletableFuture<String> closedThen = new CompletableFuture<>();
            plain.notifyWhenStateChanged(ConnectivityState.READY, () -> closedThen.complete("closed"));
            call.cancel(true);
            assertThat(closedThen.get(20, TimeUnit.SECONDS)).isEqualTo("closed");
            plain.shutdownNow();
        }
    }

    @Test
    void R1_4_aMessageOverTheLimitIsRefused() {
        byte[] large = new byte[10_100_000];
        StatusRuntimeException refusal = refusal(edge.key, request("test", "application/json", large));
        assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }

    @Test
    void V3_4_callsAreCounted(@TempDir Path other) {
        RateLimits few = new RateLimits(2, 1_000_000, 10, 10, 10, 600, 600);
        try (TestEdge strict = edge(other, few)) {
            ManagedChannel plain = channel(strict);
            byte[] message = json("test", "{\"name\":\"Ada\",\"times\":1}");
            MethodDescriptor<byte[], byte[]> method = method("Call", MethodType.UNARY);
            for (int i = 0; i < 2; i++)
                ClientCalls.blockingUnaryCall(with(plain, strict.key), method, options(), message);
            StatusRuntimeException third = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> ClientCalls.blockingUnaryCall(with(plain, strict.key), method, options(), message));
            assertRefused(third, Status.Code.RESOURCE_EXHAUSTED, ErrorCode.RATE_LIMIT_EXCEEDED);
            assertThat(Long.parseLong(third.getTrailers().get(RETRY))).isBetween(1L, 60_001L);
            plain.shutdownNow();
        }
    }

    @Test
    void R3_2_compressedMessagesAreRefused() {
        StatusRuntimeException refusal = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> ClientCalls.blockingUnaryCall(
                        with(channel, edge.key),
                        method("Call", MethodType.UNARY),
                        options().withCompression("gzip"),
                        json("test", "{\"name\":\"Ada\",\"times\":1}")));
        assertRefused(refusal, Status.Code.INVALID_ARGUMENT, ErrorCode.UNSUPPORTED_MEDIA_TYPE);
    }

    @Test
    void R3_2_whatIsNotGrpcIsRefused() throws IOException {
        String[] requests = {
            "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /redoubt.v1.Application/Call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc\r\n"
                    + "Content-Length: 5\r\n\r\n\0\0\0\0\0"
        };
        for (String request : requests)
            try (Socket socket = new Socket("127.0.0.1", edge.edge.grpcPort())) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                assertThat(all).as("and the connection ends").startsWith("HTTP/1.1 415");
            }
    }

    @Test
    void R1_1_aReaderThatTakesNothingIsDropped() throws Exception {
        ClientCall<byte[], byte[]> call =
                with(channel, key("counting")).newCall(method("Stream", MethodType.SERVER_STREAMING), options());
        call.start(new ClientCall.Listener<>() {}, new Metadata());
        call.sendMessage(json("counting", "{\"count\":100000000}"));
        call.halfClose();
        assertThat(becomes(1)).isTrue();
        assertThat(becomes(0)).as("dropped long before it could be through").isTrue();
        call.cancel("the test is over", null);
    }

    /// Whether so many calls of the counter run, in time.
    private static boolean becomes(int calls) throws InterruptedException {
        for (int i = 0; i < 800; i++) {
            var counter = platform.status().find("counting").orElseThrow().find("Counter");
            if (counter.orElseThrow().ongoing() == calls) return true;
            if (new CountDownLatch(1).await(25, TimeUnit.MILLISECONDS)) return false;
        }
        return false;
    }

    @Test
    void otherServicesAndMethodsAreNone() {
        for (String name : new String[] {"redoubt.v1.Application/Other", "grpc.health.v1.Health/Check"}) {
            StatusRuntimeException refusal = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> ClientCalls.blockingUnaryCall(
                            with(channel, edge.key),
                            MethodDescriptor.newBuilder(Bytes.RAW, Bytes.RAW)
                                    .setFullMethodName(name)
                                    .setType(MethodType.UNARY)
                                    .build(),
                            options(),
                            new byte[0]));
            assertThat(refusal.getStatus().getCode()).as(name).isEqualTo(Status.Code.UNIMPLEMENTED);
        }
    }
}
