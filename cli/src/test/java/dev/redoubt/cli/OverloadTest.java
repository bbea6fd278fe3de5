package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ten times the allowed load, with slow readers, leavers, dripping and hostile bodies among it: who keeps to
/// the limits is served as before, memory stays flat, and in the end everything is given back.
///
/// `-Dredoubt.overload=300` for the long run, in seconds of each half.
@SuppressWarnings("NullAway.Init")
final class OverloadTest {
    private static final int SECONDS = Integer.getInteger("redoubt.overload", 6);
    private static final int CALLERS = 10;
    private static final int TIMES_ALLOWED = 10;
    /// In a short run nobody would come to sixty.
    private static final int REQUESTS_PER_MINUTE = SECONDS < 60 ? 20 : 60;
    /// Of a caller who keeps to 60 in any minute, with room for a clock that jitters.
    private static final Duration ALLOWED_PACE = Duration.ofMillis(1020);
    private static final double GOODPUT_MIN = 0.9;
    private static final double GROWTH_MAX = 1.15;
    private static final long GROWTH_KIB = 48 << 10;
    private static final Duration SETTLED = Duration.ofSeconds(40); // slow readers are cut before

    @TempDir
    private Path folder;

    private final Map<Integer, LongAdder> statuses = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private Process server;
    private int port;
    private volatile boolean over;

    @Test
    void R1_1_R1_3_tenTimesTheAllowedLoadHarmsNobodyWhoKeepsToTheLimits() throws Exception {
        Checkout checkout = Checkout.built(folder);
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        Ran.command(checkout.home, "models", "add", model, "--name", "tiny");
        List<String> callers = keys(checkout, CALLERS, "shop", "inference");
        List<String> attackers = keys(checkout, 5, "crowd", "inference");
        String metrics = keys(checkout, 1, "watch", "metrics").getFirst();
        Path config = Files.writeString(folder.resolve("redoubt.yaml"), """
                http: {port: 0}
                model: {name: tiny, cpu: 2, memory: 1 GiB, max-ongoing-requests: 100}
                limits: {requests-per-minute: %d}
                """.formatted(REQUESTS_PER_MINUTE));
        server = checkout.start(List.of(), "serve", "-f", config.toString());
        try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
            String ready = out.readLine();
            port = Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1));

            Served calm = run(callers, ALLOWED_PACE, List.of());
            long files = settledFiles(metrics, Integer.MAX_VALUE);
            Served busy = run(callers, ALLOWED_PACE.dividedBy(TIMES_ALLOWED), attackers);

            System.out.printf(
                    "%d s each: calm %d answers, p50 %d ms; overloaded %d answers, p50 %d ms; %s; RSS %d, then %d KiB%n",
                    SECONDS,
                    calm.answers(),
                    calm.median(),
                    busy.answers(),
                    busy.median(),
                    statuses,
                    busy.rssEarly(),
                    busy.rssLate());
            assertThat(wrong).as("replies that must not be").isEmpty();
            assertThat(statuses).containsKeys(200, 429, 401, 413, 400);
            assertThat((double) busy.answers()).isGreaterThanOrEqualTo(GOODPUT_MIN * calm.answers());
            assertThat((double) busy.rssLate())
                    .as("KiB, beside %s early on", busy.rssEarly())
                    .isLessThan(GROWTH_MAX * busy.rssEarly() + GROWTH_KIB);
            assertThat(settledFiles(metrics, files)).as("open files").isLessThanOrEqualTo(files);
            assertThat(gauge(metrics, "vllm:kv_cache_usage_perc"))
                    .as("KV blocks that are held")
                    .isZero();
            assertThat(gauge(metrics, "vllm:num_requests_running") + gauge(metrics, "vllm:num_requests_waiting"))
                    .isZero();
        } finally {
            Checkout.kill(server);
        }
    }

    /// @param nanos of each answer
    private record Served(List<Long> nanos, long rssEarly, long rssLate) {
        int answers() {
            return nanos.size();
        }

        long median() {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
            return sorted.length == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(sorted[sorted.length / 2]);
        }
    }

    private static List<String> keys(Checkout checkout, int count, String application, String scope) {
        return Stream.generate(() ->
                        Ran.command(checkout.home, "keys", "create", "--application", application, "--scopes", scope))
                .limit(count)
                .map(ran -> ran.out().strip())
                .toList();
    }

    private Served run(List<String> callers, Duration pace, List<String> attackers) throws Exception {
        over = false;
        ConcurrentLinkedQueue<Long> answered = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (String key : callers) threads.add(start(() -> call(key, pace, answered)));
        if (!attackers.isEmpty()) threads.addAll(attack(attackers));
        pause(Duration.ofSeconds(SECONDS).dividedBy(3));
        long early = rss();
        pause(Duration.ofSeconds(SECONDS).multipliedBy(2).dividedBy(3));
        long late = rss();
        over = true;
        for (Thread thread : threads) thread.join();
        return new Served(List.copyOf(answered), early, late);
    }

    private List<Thread> attack(List<String> keys) {
        String stream =
                "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":200,\"ignore_eos\":true,\"stream\":true,\"n\":8}";
        String large = "{\"prompt\":\"" + "x".repeat(10_000_001) + "\"}";
        return List.of(
                start(() -> again(300, () -> readSlowly(PlainClient.post("/v1/completions", keys.get(0), stream)))),
                start(() -> again(20, () -> leave(PlainClient.post("/v1/completions", keys.get(1), stream)))),
                start(() -> again(500, () -> drip(keys.get(2)))),
                start(() -> again(100, () -> one(PlainClient.post("/v1/completions", keys.get(3), large)))),
                start(() ->
                        again(5, () -> one(PlainClient.post("/v1/completions", keys.get(4), "{\"a\":[[[[[[[[[[[[")))),
                start(() -> again(5, () -> one(PlainClient.get("/v1/models", "rdt_nobody")))),
                start(() -> again(5, () -> one("NONSENSE\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))));
    }

    private interface Attack {
        void run() throws IOException;
    }

    private void again(int pauseMillis, Attack attack) {
        while (!over) {
            try {
                attack.run();
            } catch (IOException cut) {
                count(0);
            }
            pause(Duration.ofMillis(pauseMillis));
        }
    }

    private void call(String key, Duration pace, ConcurrentLinkedQueue<Long> answered) {
        byte[] request =
                PlainClient.post("/v1/completions", key, "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":16}");
        long next = System.nanoTime();
        while (!over) {
            long begin = System.nanoTime();
            try (PlainClient client = new PlainClient(port)) {
                PlainClient.Reply reply = client.ask(request);
                check(reply);
                if (reply.status() == 200) answered.add(System.nanoTime() - begin);
            } catch (IOException cut) {
                wrong.add("a caller who kept to the protocol was cut: " + cut.getMessage());
            }
            next += pace.toNanos();
            pause(Duration.ofNanos(next - System.nanoTime()));
        }
    }

    private void one(byte[] request) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            client.send(request);
            check(client.reply());
        }
    }

    /// Takes the first bytes and no more, as long as the run goes on or the server lets it.
    private void readSlowly(byte[] request) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            client.send(request);
            pause(Duration.ofMillis(2500));
        }
    }

    private void leave(byte[] request) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            client.send(request);
        }
    }

    private void drip(String key) throws IOException {
        byte[] request = PlainClient.post("/v1/completions", key, "{\"model\":\"tiny\",\"prompt\":\"Hi\"}");
        try (PlainClient client = new PlainClient(port)) {
            for (int i = 0; i < request.length - 1 && !over; i++) {
                client.send(new byte[] {request[i]});
                pause(Duration.ofMillis(20));
            }
        }
    }

    private void check(PlainClient.Reply reply) {
        count(reply.status());
        boolean told = reply.headers().containsKey("retry-after");
        if (reply.status() == 503 && told) return;
        if (reply.status() >= 500) wrong.add(reply.status() + " " + reply.body());
        if (reply.status() == 429 && !told) wrong.add("429 without Retry-After");
    }

    private void count(int status) {
        statuses.computeIfAbsent(status, first -> new LongAdder()).increment();
    }

    /// Open files once there are no more than `least`, or after a time.
    private long settledFiles(String metrics, long least) throws IOException {
        long end = System.nanoTime() + SETTLED.toNanos();
        long files = files();
        boolean idle = false;
        while ((files > least || !idle) && System.nanoTime() < end) {
            pause(Duration.ofMillis(250));
            idle = gauge(metrics, "vllm:num_requests_running") == 0;
            files = files();
        }
        return files;
    }

    private long files() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(server.pid()), "fd"))) {
            return open.count();
        }
    }

    private long rss() throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(server.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .flatMapToLong(line -> LongStream.of(Long.parseLong(line.replaceAll("\\D", ""))))
                .findFirst()
                .orElseThrow();
    }

    private double gauge(String key, String name) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            String body = client.ask(PlainClient.get("/metrics", key)).body();
            return body.lines()
                    .filter(line -> line.startsWith(name + "{"))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        }
    }

    private static Thread start(Runnable work) {
        return Thread.ofVirtual().start(work);
    }

    private static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) LockSupport.parkNanos(left);
    }
}
