package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.testkit.PairedTiming;
import dev.redoubt.testkit.PairedTiming.Timed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whether a stopwatch on a connection tells that somebody else has asked for the same prompt before. It does not: the
/// medians of whole requests differ by less than the bound with 99 % confidence, where the same measurement, on the
/// caller's own prompts, finds the cache at once.
final class PrefixTimingTest {
    /* A pair is a prompt that another has just had computed, and one that nobody has: random ids of one length, each used once, in random
     * order, by keys that have not seen either. Both requests of a pair come after a request of the other one, so that caches and clocks of
     * the machine are in the same state. A hit here saves about PROMPT_TOKENS of prefill. */
    private static final int PROMPT_TOKENS = 240;
    private static final int PAIRS = 250;
    private static final int PAIRS_MAX = 4000; // on a machine that is busy with other things
    private static final double LEVEL = 0.001;
    private static final int STRANGERS = 4; // a key has 6,000 requests a minute here
    private static final int VOCABULARY_USED = 256;

    @TempDir
    private Path folder;

    private RunningServer running;
    private PlainClient client;
    private Random random;
    private final List<String> strangers = new ArrayList<>();
    private int asked;

    @BeforeEach
    void start() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        random = new Random(seed);
        running = RunningServer.start(folder);
        Home home = new Home(folder.resolve("home").toAbsolutePath());
        try (AuditLog audit = AuditLog.open(home);
                KeyStore keys = KeyStore.open(home, audit)) {
            for (int i = 0; i < STRANGERS; i++)
                strangers.add(keys.create("shop", Set.of(Scope.INFERENCE)).secret());
        }
        client = new PlainClient(running.server.port());
        for (String stranger : strangers) untilKnown(stranger);
        for (int i = 0; i < 300; i++) ask(running.key, "", prompt()); // until the compiler has seen it all
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        running.close();
    }

    @Test
    void V1_1_aStopwatchDoesNotTellWhatOthersHaveAskedFor() throws Exception {
        PairedTiming own = PairedTiming.measure(PAIRS, 1, again(running.key, "", ""), fresh(running.key, "", ""));
        assertThat(own.p()).as("a hit of one's own is seen: %s", own).isLessThan(1e-8);
        Duration bound = Duration.ofNanos((long) Math.abs(own.medianNanos()) / 4);

        PairedTiming foreignKey = compare(bound, this::stranger, "", "");
        PairedTiming otherUser = compare(bound, () -> running.key, ",\"user\":\"ann\"", ",\"user\":\"bob\"");
        System.out.println("own " + own + "\nanother's key " + foreignKey + "\nanother user's " + otherUser);
        double[] p = PairedTiming.holm(foreignKey.p(), otherUser.p());
        assertThat(p[0]).as("another's key: %s beside %s", foreignKey, own).isGreaterThan(LEVEL);
        assertThat(p[1]).as("another user: %s beside %s", otherUser, own).isGreaterThan(LEVEL);
        assertThat(foreignKey.within(bound))
                .as("%s within %s", foreignKey, bound)
                .isTrue();
        assertThat(otherUser.within(bound)).as("%s within %s", otherUser, bound).isTrue();
    }

    private interface Caller {
        String key();
    }

    /// With more pairs where noise leaves the interval too wide to tell anything.
    private PairedTiming compare(Duration bound, Caller caller, String firstUser, String secondUser) throws Exception {
        PairedTiming timing;
        int pairs = PAIRS;
        do {
            timing = PairedTiming.measure(
                    pairs,
                    pairs,
                    () -> again(caller.key(), firstUser, secondUser).run(),
                    () -> fresh(caller.key(), firstUser, secondUser).run());
            pairs *= 2;
        } while (pairs <= PAIRS_MAX && !timing.within(bound));
        return timing;
    }

    private String stranger() {
        return strangers.get(asked++ % STRANGERS);
    }

    /// The prompt that the first key, as `firstUser`, has just had computed.
    private Timed again(String key, String firstUser, String secondUser) {
        return () -> {
            String prompt = prompt();
            ask(running.key, firstUser, prompt);
            return ask(key, secondUser, prompt);
        };
    }

    private Timed fresh(String key, String firstUser, String secondUser) {
        return () -> {
            ask(running.key, firstUser, prompt());
            return ask(key, secondUser, prompt());
        };
    }

    private String prompt() {
        return random.ints(PROMPT_TOKENS, 3, VOCABULARY_USED)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static byte[] request(String key, String user, String prompt) {
        return PlainClient.post(
                "/v1/completions",
                key,
                "{\"model\":\"tiny\",\"prompt\":" + prompt + ",\"max_tokens\":1,\"temperature\":0,\"ignore_eos\":true"
                        + user + "}");
    }

    /// @return nanoseconds from the first byte out to the last byte in
    private long ask(String key, String user, String prompt) throws IOException {
        byte[] request = request(key, user, prompt);
        long start = System.nanoTime();
        int status = client.ask(request).status();
        long nanos = System.nanoTime() - start;
        assertThat(status).isEqualTo(200);
        return nanos;
    }

    /// A key that another process made counts within a second.
    private void untilKnown(String key) throws IOException {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (client.ask(PlainClient.get("/v1/models", key)).status() == 401)
            if (System.nanoTime() > end) throw new IllegalStateException("the key is not known after 10 s");
    }
}
