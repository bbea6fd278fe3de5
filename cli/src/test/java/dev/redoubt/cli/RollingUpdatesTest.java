package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server that is a process, an application of two stages in worker processes, callers that never stop, and one
/// update after the other, half of them bad. `-Dredoubt.updates=50` makes fifty of them.
@SuppressWarnings("NullAway.Init")
final class RollingUpdatesTest {
    private static final int CALLERS = 4;
    private static final int PAUSE_MILLIS = 20;
    private static final int UPDATES = Integer.getInteger("redoubt.updates", 6);

    /// What is wrong with a bad version.
    private enum Fault {
        CONSTRUCTOR_THROWS("its constructor throws"),
        SICK_AFTER_A_WHILE("health check"),
        EXITS_AT_START("ended with exit code 7"),
        TYPES_DO_NOT_MEET("their types do not meet"),
        TAKES_TOO_MUCH_MEMORY("out-of-memory"),
        NEVER_HEALTHY("the worker says no: java.lang.IllegalStateException");

        private final String reason;

        Fault(String reason) {
            this.reason = reason;
        }
    }

    /// @param outer what callers send: `name`, or `who`
    /// @param inner the same between the stages
    private record Version(int number, boolean outer, boolean inner, Fault fault, boolean bad) {
        static Version good(int number, boolean outer, boolean inner) {
            return new Version(number, outer, inner, Fault.CONSTRUCTOR_THROWS, false);
        }

        private boolean has(Fault one) {
            return bad && fault == one;
        }

        private static String field(boolean which) {
            return which ? "who" : "name";
        }

        /// The second stage in a file of its own.
        List<String> sources() {
            String gives = field(inner);
            String takes = field(has(Fault.TYPES_DO_NOT_MEET) != inner);
            return List.of("""
                    package team;
                    import dev.redoubt.serve.*;
                    @Deployment(name = "Front", maxOngoingRequests = 16, cpus = 0.1, memoryMiB = 128)
                    public final class Front implements Handler<Front.Asked, Front.Answer> {
                        public record Asked(String %s) {}
                        public record Ask(String %s) {}
                        public record Said(String text, int version) {}
                        public record Answer(String text, int front, int back) {}
                        private final DeploymentHandle<Ask, Said> back;
                        public Front(@To("Back") DeploymentHandle<Ask, Said> back) {
                            this.back = back;
                        }
                        @Override public Answer handle(Asked asked) {
                            Said said = back.call(new Ask(asked.%s())).get();
                            return new Answer(said.text(), %d, said.version());
                        }
                    }
                    """.formatted(field(outer), gives, field(outer), number), """
                    package team;
                    import dev.redoubt.serve.*;
                    @Deployment(name = "Back", maxOngoingRequests = 16, cpus = 0.1, memoryMiB = 128)
                    public final class Back implements Handler<Back.Ask, Back.Said> {
                        public record Ask(String %s) {}
                        public record Said(String text, int version) {}
                        private int checks;
                        private final byte[][] much = new byte[%d][];
                        public Back() {
                            if (%b) throw new IllegalStateException("a secret");
                            if (%b) System.exit(7);
                            for (int i = 0; i < much.length; i++) much[i] = new byte[1 << 20];
                        }
                        @Override public Said handle(Ask ask) {
                            return new Said("Hello " + ask.%s(), %d);
                        }
                        @Override public void healthCheck() {
                            if (%b || (%b && ++checks > 2)) throw new IllegalStateException("sick");
                        }
                    }
                    """.formatted(
                            takes,
                            has(Fault.TAKES_TOO_MUCH_MEMORY) ? 512 : 0,
                            has(Fault.CONSTRUCTOR_THROWS),
                            has(Fault.EXITS_AT_START),
                            takes,
                            number,
                            has(Fault.NEVER_HEALTHY),
                            has(Fault.SICK_AFTER_A_WHILE)));
        }
    }

    @TempDir
    private Path folder;

    private Checkout checkout;
    private String key;
    private Process server;
    private int port;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Map<Integer, AtomicLong> answered = new TreeMap<>(); // by caller
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicInteger misread =
            new AtomicInteger(); // refused by the schema, and asked again in the other way
    private final AtomicInteger busy = new AtomicInteger(); // refused with the time to come again
    private final AtomicInteger newest = new AtomicInteger(); // version that a reply has come from

    @BeforeEach
    void setUp() throws Exception {
        checkout = Checkout.built(folder);
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        assertThat(command("models", "add", model, "--name", "tiny").exitCode()).isZero();
        key = command("keys", "create", "--application", "shop").out().strip();
        server = checkout.start(
                List.of(), "serve", "-f", file(Version.good(0, false, false)).toString());
        assertThat(server.inputReader(StandardCharsets.UTF_8).readLine()).startsWith("waiver V3.4");
        port = checkout.ready(server);
    }

    @AfterEach
    void tearDown() throws Exception {
        over.countDown();
        if (server != null) Checkout.kill(server);
    }

    private Ran command(String... arguments) {
        return Ran.command(checkout.home, arguments);
    }

    private Path file(Version version) throws IOException {
        Path sources = Files.createDirectories(folder.resolve("v" + version.number() + "/src"));
        List<String> texts = version.sources();
        HandlerJar jar = HandlerJar.of(
                folder,
                "v" + version.number(),
                List.of(
                        Files.writeString(sources.resolve("Front.java"), texts.get(0)),
                        Files.writeString(sources.resolve("Back.java"), texts.get(1))));
        return Files.writeString(folder.resolve("shop.yaml"), """
                http: {port: 0}
                limits: {requests-per-minute: 100000}
                waivers: [{rule: V3.4, reason: callers that never stop, expires: %4$s}]
                applications:
                  - name: shop
                    quota: {cpu: 1, memory: 2GiB}
                    ingress: Front
                    deployments:
                      - {name: Front, java: {class: team.Front, jar: %1$s, digest: "%2$s"}, replicas: 2, %3$s}
                      - {name: Back, java: {class: team.Back, jar: %1$s, digest: "%2$s"}, %3$s}
                """.formatted(
                jar.path(), jar.digest(), """
                        cpu: 0.1, memory: 128MiB, max-ongoing-requests: 16, timeouts: {call: 15s}, \
                        health-check: {period: 500ms, timeout: 20s, misses: 1}""", LocalDate.now(ZoneOffset.UTC).plusDays(1)));
    }

    @Test
    void R5_1_updatesGoodAndBadLoseNoRequestUnderLoad() throws Exception {
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            AtomicLong own = new AtomicLong();
            answered.put(i, own);
            callers.add(Thread.ofPlatform().start(() -> call(own)));
        }
        Version running = Version.good(0, false, false);
        int bad = 0;
        for (int i = 1; i <= UPDATES; i++) {
            boolean failing = i % 2 == 0;
            Version next = failing ? bad(i, running, Fault.values()[bad++ % Fault.values().length]) : good(i, running);
            Ran deploy = command("deploy", "-f", file(next).toString());
            if (failing) refusedOrGivenUp(next, deploy);
            else {
                assertThat(deploy.exitCode()).as(deploy.out() + deploy.err()).isZero();
                running = next;
            }
            answersFrom(running.number());
            System.out.printf("RollingUpdatesTest %d: %s, answered %d%n", i, next, total());
            assertThat(wrong).as("update %d", i).isEmpty();
        }
        over.countDown();
        for (Thread caller : callers) caller.join();
        System.out.printf(
                "RollingUpdatesTest: %d updates, %d bad; %d answers, %d refused by the schema and asked in the other way,"
                        + " %d told to come again, %d failed%n",
                UPDATES, bad, total(), misread.get(), busy.get(), wrong.size());
        assertThat(wrong).isEmpty();
        assertThat(answered.values()).allMatch(count -> count.get() > UPDATES);
    }

    /// In turn: nothing that others see, what the stages say to each other, what callers send.
    private static Version good(int number, Version before) {
        return switch (number / 2 % 3) {
            case 0 -> Version.good(number, before.outer(), before.inner());
            case 1 -> Version.good(number, before.outer(), !before.inner());
            default -> Version.good(number, !before.outer(), before.inner());
        };
    }

    private static Version bad(int number, Version before, Fault fault) {
        boolean apart = number % 4 == 0 && fault != Fault.SICK_AFTER_A_WHILE; // every other one beside the running one
        return new Version(number, before.outer(), apart != before.inner(), fault, true);
    }

    private void refusedOrGivenUp(Version version, Ran deploy) throws Exception {
        String said = deploy.out() + deploy.err();
        if (version.fault() == Fault.TYPES_DO_NOT_MEET) {
            assertThat(deploy.exitCode()).as(said).isEqualTo(ExitCode.REFUSED.code());
            assertThat(said).contains(version.fault().reason);
            return;
        }
        if (version.fault() != Fault.SICK_AFTER_A_WHILE)
            assertThat(deploy.exitCode()).as(said).isEqualTo(ExitCode.UNAVAILABLE.code());
        String status = until("DEPLOY_FAILED");
        assertThat(status).contains(version.fault().reason).doesNotContain("a secret");
    }

    private String until(String state) throws InterruptedException {
        String status = "";
        for (int i = 0; i < 300; i++) {
            status = command("status").out();
            if (status.contains(state)) return status;
            pause(100);
        }
        throw new AssertionError("no " + state + " within 30 s: " + status);
    }

    private void answersFrom(int version) throws InterruptedException {
        long before = total();
        for (int i = 0; i < 600; i++) {
            if (newest.get() == version && total() > before + CALLERS) return;
            if (!wrong.isEmpty()) return;
            pause(100);
        }
        throw new AssertionError("no answers of version " + version + ", but of " + newest.get());
    }

    private long total() {
        return answered.values().stream().mapToLong(AtomicLong::get).sum();
    }

    // ---- callers

    private void call(AtomicLong own) {
        boolean outer = false;
        try (PlainClient client = new PlainClient(port)) {
            while (!pause(PAUSE_MILLIS)) {
                PlainClient.Reply reply = ask(client, outer);
                if (reply.status() == 400) { // it is asked in another way now, and that must be understood
                    misread.incrementAndGet();
                    outer = !outer;
                    reply = ask(client, outer);
                }
                boolean again = (reply.status() == 503 || reply.status() == 429)
                        && reply.headers().containsKey("retry-after");
                if (again) busy.incrementAndGet();
                else if (reply.status() != 200) wrong.add(reply.status() + " " + reply.body());
                else understood(reply.body());
                own.incrementAndGet();
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            wrong.add(e.toString());
        }
    }

    private PlainClient.Reply ask(PlainClient client, boolean outer) throws IOException {
        return client.ask(PlainClient.post("/shop", key, "{\"" + Version.field(outer) + "\":\"Ada\"}"));
    }

    private void understood(String body) {
        JsonNode answer = JsonMapper.shared().readTree(body);
        if (!answer.path("text").asString().equals("Hello Ada")) wrong.add(body);
        newest.set(answer.path("front").asInt());
    }

    /// @return whether all is over
    private boolean pause(int millis) throws InterruptedException {
        return over.await(millis, TimeUnit.MILLISECONDS);
    }
}
