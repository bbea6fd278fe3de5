package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.canary.CanaryReading;
import dev.redoubt.engine.canary.CanaryReference;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.control.ApplicationState;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.ReportKey;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Models that compute otherwise than they did.
@SuppressWarnings("NullAway.Init")
class ModelCanaryTest {
    private static final String PROMPT = "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":4}";
    private static final long PIECE_BYTES = 16 << 20;
    private static final String REFERENCE = "application/vnd.redoubt.canary+json";

    @TempDir
    private Path folder;

    private Path home;
    private Path file;

    @BeforeEach
    void setUp() throws IOException {
        home = folder.resolve("home");
        file = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        ran("models", "add", file.toString(), "--name", "tiny");
        ran("keys", "create", "--application", "local", "--scopes", "inference");
    }

    private String ran(String... arguments) {
        Ran ran = Ran.command(home, arguments);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ran.out();
    }

    private Context context() {
        Console silent = Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream());
        return new Context(new Home(home.toAbsolutePath()), silent);
    }

    private Server start(Duration every) throws IOException {
        return start("tiny", every);
    }

    private Server start(String model, Duration every) throws IOException {
        Context context = context();
        EdgeOptions edge = new EdgeOptions(
                "127.0.0.1",
                0,
                RequestLimits.DEFAULT,
                RateLimits.DEFAULT,
                Optional.empty(),
                RoutePolicies.DEFAULT,
                Optional.empty());
        ServerConfig config = new ServerConfig(
                Optional.of(new ModelChoice(model, Optional.empty(), OptionalLong.empty(), List.of())),
                EngineOptions.defaults(2),
                edge,
                List.of(),
                Optional.empty(),
                List.of(),
                every,
                ServerConfig.fingerprint("a file".getBytes(StandardCharsets.UTF_8)));
        return Server.start(context, LocalModels.serving(context, Optional.empty()), config);
    }

    private List<String> told(String kind) {
        return ran("audit-log", "export")
                .lines()
                .map(line -> JsonMapper.shared().readTree(line))
                .filter(record -> record.path("kind").asString("").equals(kind))
                .map(JsonNode::toString)
                .toList();
    }

    private Path reference() throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("canaries"))) {
            return files.filter(each -> each.toString().endsWith(".json"))
                    .findAny()
                    .orElseThrow();
        }
    }

    /// Signs another log probability of the last token, or another last number, as if the model had once computed that.
    private static void keepAnother(Path home, Path reference) throws IOException {
        ReportKey key = ReportKey.in(home.resolve("canaries"));
        CanaryReference kept = CanaryReference.parse(key.open(Files.readAllBytes(reference), REFERENCE));
        CanaryReading reading = kept.reading();
        float[] logprobs = reading.logprobs().clone();
        float[] vector = reading.vector().clone();
        float[] last = reading.embeds() ? vector : logprobs;
        last[last.length - 1] = Math.nextUp(last[last.length - 1]);
        CanaryReading other = new CanaryReading(
                reading.kvFormat(),
                reading.textTokens(),
                reading.ids(),
                logprobs,
                reading.top1(),
                reading.answer(),
                vector);
        CanaryReference changed = CanaryReference.of(kept.digest(), kept.madeAt(), other);
        Files.write(reference, key.sign(changed.toJson(), REFERENCE));
    }

    private static int status(Server server, String path) throws IOException {
        try (PlainClient client = new PlainClient(server.port())) {
            return client.ask(PlainClient.get(path, "")).status();
        }
    }

    @Test
    void V6_2_theFirstLoadIsKeptAndTheNextOnesAreEqualToTheBit() throws Exception {
        start(Duration.ofHours(6)).close();
        assertThat(told("model.calibrate")).hasSize(1);
        byte[] kept = Files.readAllBytes(reference());
        start(Duration.ofHours(6)).close();
        assertThat(told("model.calibrate")).hasSize(1);
        assertThat(told("model.canary"))
                .hasSize(2)
                .allSatisfy(record -> assertThat(record).contains("equal to the bit"));
        assertThat(Files.readAllBytes(reference())).isEqualTo(kept);
        assertThat(ran("models", "calibrate", "tiny")).contains("the reference before was equal to the bit");
        assertThat(ran("models", "calibrate", "tiny", "--kv-cache-dtype", "q8"))
                .contains("KV cache q8", "no reference before");
    }

    @Test
    void V6_2_aModelThatComputesOtherwiseIsNotServed() throws Exception {
        start(Duration.ofHours(6)).close();
        keepAnother(home, reference());
        assertThatThrownBy(() -> start(Duration.ofHours(6)).close())
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("rule=V6.2")
                .hasMessageContaining("token 75 of 75");
        assertThat(told("model.canary").getLast()).contains("V6.2");
        assertThat(ran("models", "calibrate", "tiny")).contains("the reference before was other, at token 75");
        start(Duration.ofHours(6)).close();
    }

    @Test
    void V6_2_aReferenceThatThisHomeHasNotSignedIsNotBelieved() throws Exception {
        start(Duration.ofHours(6)).close();
        String envelope = Files.readString(reference());
        int at = envelope.indexOf("\"payload\":\"") + 40;
        Files.writeString(
                reference(),
                envelope.substring(0, at) + (envelope.charAt(at) == 'A' ? 'B' : 'A') + envelope.substring(at + 1));
        assertThatThrownBy(() -> start(Duration.ofHours(6)).close())
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("rule=V6.2")
                .hasMessageContaining("redoubt models calibrate");
    }

    @Test
    void V6_2_aBitThatFlipsInMemoryWithdrawsTheModel() throws Exception {
        String key = ran("keys", "create", "--application", "other", "--scopes", "inference")
                .strip();
        try (Server server = start(Duration.ofMillis(200))) {
            assertThat(status(server, "/readyz")).isEqualTo(200);
            assertThat(flipInMemory(invertedBytesOf(file, "output_norm.weight")))
                    .isPositive();
            await(() -> status(server, "/readyz") == 503);
            try (PlainClient client = new PlainClient(server.port())) {
                PlainClient.Reply reply = client.ask(PlainClient.post("/v1/completions", key, PROMPT));
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.body()).contains("failed its check");
            }
        }
        assertThat(told("model.canary").getLast()).contains("V6.2").contains("output_norm.weight");
    }

    @Test
    void V6_2_aModelThatEmbedsIsWatchedAlike() throws Exception {
        Path encoder = TinyEncoder.write(folder.resolve("encoder"), WeightKind.F32, 3);
        ran("models", "add", encoder.toString(), "--name", "encoder");
        start("encoder", Duration.ofHours(6)).close();
        assertThat(told("model.calibrate")).hasSize(1);
        start("encoder", Duration.ofHours(6)).close();
        assertThat(told("model.calibrate")).hasSize(1);
        assertThat(ran("models", "calibrate", "encoder"))
                .contains("48 tokens, a vector of 32 numbers", "the reference before was equal to the bit");
        keepAnother(home, reference());
        assertThatThrownBy(() -> start("encoder", Duration.ofHours(6)).close())
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("rule=V6.2")
                .hasMessageContaining("number 32 of 32 of the vector");
        ran("models", "calibrate", "encoder");
        try (Server server = start("encoder", Duration.ofMillis(200))) {
            assertThat(status(server, "/readyz")).isEqualTo(200);
            assertThat(flipInMemory(invertedBytesOf(encoder, "encoder.layer.1.output.LayerNorm.weight")))
                    .isPositive();
            await(() -> status(server, "/readyz") == 503);
        }
        assertThat(told("model.canary").getLast()).contains("V6.2").contains("LayerNorm.weight");
    }

    @Test
    void V6_2_thePreviousVersionOfAnApplicationKeepsServing() throws Exception {
        Path next = TinyModels.gguf(folder.resolve("next.gguf"), WeightKind.Q8_0, 12);
        ran("models", "add", next.toString(), "--name", "next");
        ran("keys", "create", "--application", "red", "--scopes", "inference");
        try (Server first = applications("next")) {
            assertThat(state(first)).isEqualTo(ApplicationState.RUNNING);
        }
        keepAnother(home, reference());
        ran("models", "calibrate", "tiny");
        try (Server server = applications("tiny")) {
            assertThat(state(server)).isEqualTo(ApplicationState.RUNNING);
            Ran update = Ran.command(home, "deploy", "-f", specification("next").toString());
            assertThat(update.exitCode()).isEqualTo(ExitCode.UNAVAILABLE.code());
            assertThat(told("model.canary"))
                    .anySatisfy(record -> assertThat(record).contains("V6.2", "next"));
            assertThat(told("application.state").getLast()).contains("rolled_back_by_itself");
            assertThat(server.model("red")).contains("tiny");
        }
    }

    @Test
    void V6_2_aModelThatIsNotMadeOfItsBaseIsTakenOffTheAllowList() throws Exception {
        Path base = TinyModels.gguf(folder.resolve("base.gguf"), WeightKind.F32, 11);
        Path another = TinyModels.gguf(folder.resolve("another.gguf"), WeightKind.F32, 12);
        assertThat(ran("models", "judge", "tiny", "--base", base.toString())).contains("255 tokens: mean KL 0.0");
        ran("models", "judge", "tiny", "--base", base.toString(), "--max-kl", "0.02");
        assertThat(ran("models", "show", "tiny")).contains("mean KL at most 0.02 nats", "at least 0.94");
        assertThat(Ran.command(home, "models", "judge", "tiny", "--base", base.toString(), "--min-top1", "1.5")
                        .err())
                .contains("1.5, allowed is 0 to 1");
        Ran beyond = Ran.command(home, "models", "judge", "tiny", "--base", another.toString());
        assertThat(beyond.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(beyond.err()).contains("rule=V6.2", "at most 0.02");
        assertThat(told("model.judge").getLast()).contains("failed");
        assertThatThrownBy(() -> start(Duration.ofHours(6)).close()).hasMessageContaining("allow-list");
        try (Stream<Path> files = Files.list(home.resolve("canaries"))) {
            assertThat(files.filter(file -> file.toString().endsWith(".judgement.json")))
                    .hasSize(1);
        }
    }

    private Path specification(String model) throws IOException {
        return Files.writeString(folder.resolve("application.yaml"), """
                http: {port: 0}
                applications:
                  - name: red
                    quota: {cpu: 0.5, memory: 256MiB}
                    deployments:
                      - {name: Chat, llm: {model: %s}, cpu: 0.1, memory: 64MiB, max-ongoing-requests: 4}
                """.formatted(model));
    }

    private Server applications(String model) throws IOException {
        Context context = context();
        return Server.start(
                context,
                LocalModels.serving(context, Optional.empty()),
                ServerConfigReader.read(specification(model), LocalDate.of(2026, 1, 1)));
    }

    private static ApplicationState state(Server server) {
        return server.applications().stream()
                .map(ApplicationStatus::state)
                .findAny()
                .orElseThrow();
    }

    /// Of the file's, which are those in memory: inverted, so that what looks for them does not find itself.
    private static byte[] invertedBytesOf(Path file, String tensor) {
        try (VerifiedArtifact model = ModelPath.open(file)) {
            byte[] bytes =
                    Objects.requireNonNull(model.tensors().get(tensor)).data().toArray(ValueLayout.JAVA_BYTE);
            for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) ~bytes[i];
            return bytes;
        }
    }

    /// The lowest bit of the first byte, wherever the process has these bytes and can write.
    private static int flipInMemory(byte[] inverted) throws IOException {
        int found = 0;
        try (RandomAccessFile memory = new RandomAccessFile("/proc/self/mem", "rw")) {
            for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
                String[] fields = line.split("\\s+");
                String[] ends = fields[0].split("-");
                long from = Long.parseUnsignedLong(ends[0], 16);
                long length = Long.parseUnsignedLong(ends[1], 16) - from;
                boolean anonymous = fields.length < 6 || fields[5].equals("[heap]");
                if (!fields[1].startsWith("rw") || !anonymous || from < 0) continue;
                for (long at = 0; at < length; at += PIECE_BYTES) // a pattern over two pieces is not looked for
                found += flip(memory, from + at, (int) Math.min(PIECE_BYTES, length - at), inverted);
            }
        }
        return found;
    }

    private static int flip(RandomAccessFile memory, long from, int length, byte[] inverted) throws IOException {
        byte[] piece = new byte[length];
        try {
            memory.seek(from);
            memory.readFully(piece);
        } catch (IOException unreadable) {
            return 0;
        }
        int found = 0;
        for (int at = 0; at + inverted.length <= length; at += 4)
            if (isThere(inverted, piece, at)) {
                memory.seek(from + at);
                memory.write(~inverted[0] ^ 1);
                found++;
            }
        return found;
    }

    private static boolean isThere(byte[] inverted, byte[] piece, int at) {
        for (int i = 0; i < inverted.length; i++) if (piece[at + i] != (byte) ~inverted[i]) return false;
        return true;
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("it does not come to it").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
        }
    }
}
