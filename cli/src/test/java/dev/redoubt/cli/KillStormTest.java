package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.audit.AuditVerifier;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `kill -9` of a server at random moments while requests, changes of keys and audit writes go on, again and
/// again on one home: the audit log verifies after each, no acknowledged change is lost or unrecorded, and no
/// window begins anew.
///
/// `-Dredoubt.kills=200` for the long run.
@SuppressWarnings("NullAway.Init")
final class KillStormTest {
    private static final int KILLS = Integer.getInteger("redoubt.kills", 4);
    private static final int REQUESTS_PER_MINUTE = 60;
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final int LIFE_MILLIS_MAX = 1500;

    @TempDir
    private Path folder;

    private Checkout checkout;
    private String key;
    private final List<Admitted> admitted = Collections.synchronizedList(new ArrayList<>());
    private final Set<String> created = Collections.synchronizedSet(new TreeSet<>()); // secrets of acknowledged keys
    private int serversSeen;

    /// A request that was answered with 200: it was admitted in between.
    private record Admitted(long sentNanos, long answeredNanos) {}

    @Test
    void V3_4_R1_8_noKillResetsAWindowOrBreaksTheAuditLog() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed + ", " + KILLS + " kills");
        Random random = new Random(seed);
        checkout = Checkout.built(folder);
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        assertThat(command("models", "add", model, "--name", "tiny").exitCode()).isZero();
        key = command("keys", "create", "--application", "shop").out().strip();
        for (int i = 0; i < KILLS; i++) {
            killOne(random.nextInt(LIFE_MILLIS_MAX));
            AuditVerifier.Report report = AuditVerifier.verify(home(), Optional.empty());
            assertThat(report.problems()).as("seed %s, kill %s", seed, i).isEmpty();
        }
        assertThat(admitted).as("something was admitted").isNotEmpty();
        checkWindows();
        checkKeys();
        System.out.println(admitted.size() + " requests admitted, " + created.size() + " keys created, "
                + AuditVerifier.verify(home(), Optional.empty()).records() + " audit records");
    }

    private void killOne(int lifeMillis) throws Exception {
        Process server = checkout.start(List.of(), "serve", "--model", "tiny", "--port", "0");
        try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
            String ready = out.readLine();
            assertThat(ready).startsWith("ready  tiny, ");
            serversSeen++;
            int port = Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1));
            Thread asking = Thread.ofPlatform().name("asking").start(() -> askUntilDead(port));
            Thread stranger = Thread.ofPlatform().name("stranger").start(() -> strangeUntilDead(port));
            Thread changing = Thread.ofPlatform().name("changing").start(() -> changeKeys(server));
            if (serversSeen == 1) awaitAnAnswer(server);
            server.waitFor(lifeMillis, TimeUnit.MILLISECONDS);
            Checkout.kill(server);
            for (Thread thread : List.of(asking, stranger, changing)) thread.join();
        } finally {
            Checkout.kill(server);
        }
    }

    /// So that a short run on a slow machine tries something.
    private void awaitAnAnswer(Process server) throws InterruptedException {
        long end = System.nanoTime() + MINUTE.toNanos();
        while (admitted.isEmpty() && System.nanoTime() < end) server.waitFor(10, TimeUnit.MILLISECONDS);
    }

    private void askUntilDead(int port) {
        byte[] request =
                PlainClient.post("/v1/completions", key, "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":2}");
        try (PlainClient client = new PlainClient(port)) {
            while (true) {
                long sent = System.nanoTime();
                int status = client.ask(request).status();
                assertThat(status).isIn(200, 429);
                if (status == 200) admitted.add(new Admitted(sent, System.nanoTime()));
            }
        } catch (IOException dead) {
            return;
        }
    }

    /// Refusals, which the audit log writes down.
    private static void strangeUntilDead(int port) {
        try (PlainClient client = new PlainClient(port)) {
            while (true) client.ask(PlainClient.get("/v1/models", "rdt_nobody"));
        } catch (IOException dead) {
            return;
        }
    }

    private void changeKeys(Process server) {
        while (server.isAlive()) {
            Ran ran = command("keys", "create", "--application", "web");
            assertThat(ran.exitCode()).as(ran.err()).isZero();
            created.add(ran.out().strip());
        }
    }

    /// If the 61st of them was answered less than a minute after the first was sent, there were 61 in a minute.
    private void checkWindows() {
        List<Admitted> all = List.copyOf(admitted);
        for (int i = REQUESTS_PER_MINUTE; i < all.size(); i++) {
            long nanos = all.get(i).answeredNanos()
                    - all.get(i - REQUESTS_PER_MINUTE).sentNanos();
            assertThat(nanos)
                    .as("request %s after request %s", i, i - REQUESTS_PER_MINUTE)
                    .isGreaterThanOrEqualTo(MINUTE.toNanos());
        }
    }

    private void checkKeys() {
        try (AuditLog audit = AuditLog.open(home());
                KeyStore keys = KeyStore.open(home(), audit)) {
            assertThat(created).allMatch(secret -> keys.authenticate(secret).isPresent());
        }
        List<JsonNode> records = command("audit-log", "export")
                .out()
                .lines()
                .map(line -> JsonMapper.shared().readTree(line))
                .toList();
        assertThat(outcomes(records, "key.create").filter("done"::equals).count())
                .as("created keys, and the first one")
                .isGreaterThanOrEqualTo(created.size() + 1L);
        assertThat(outcomes(records, "server.start").count()).isGreaterThanOrEqualTo(serversSeen);
        assertThat(records.stream()
                        .map(record -> record.path("kind").asString(""))
                        .collect(Collectors.toSet()))
                .contains("request.refused");
    }

    private static Stream<String> outcomes(List<JsonNode> records, String kind) {
        return records.stream()
                .filter(record -> record.path("kind").asString("").equals(kind))
                .map(record -> record.path("outcome").asString(""));
    }

    private Ran command(String... arguments) {
        return Ran.command(checkout.home, arguments);
    }

    private Home home() {
        return new Home(checkout.home);
    }
}
