package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKeys;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// One run: the real scheduler and pool, a fake model, a random machine and random traffic, all from one seed.
final class Simulation {
    private static final int END_OF_SEQUENCE = 0;
    private static final int VOCABULARY = 40;

    record Report(
            long steps,
            long tokens,
            long finished,
            long refused,
            long cancelled,
            long expired,
            long failed,
            long preemptions,
            long prefixHits,
            long fairnessWindows,
            double worstFairness) {
        static final Report NONE = new Report(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

        Report plus(Report other) {
            return new Report(
                    steps + other.steps,
                    tokens + other.tokens,
                    finished + other.finished,
                    refused + other.refused,
                    cancelled + other.cancelled,
                    expired + other.expired,
                    failed + other.failed,
                    preemptions + other.preemptions,
                    prefixHits + other.prefixHits,
                    fairnessWindows + other.fairnessWindows,
                    Math.max(worstFairness, other.worstFairness));
        }
    }

    /// A request as its caller sees it.
    private static final class Request {
        final List<Sequence> choices;
        final Map<Sequence, long[]> expected = new HashMap<>(); // hashes by position
        int open;

        Request(List<Sequence> choices) {
            this.choices = choices;
            this.open = choices.size();
        }
    }

    private final SplittableRandom random;
    private final SchedulerLimits limits;
    private final int tenants;
    private final BlockPool pool;
    private final FakeKv kv;
    private final Scheduler scheduler;
    private final PrefixKeys keys;
    private final CacheScope[][] scopes;
    private final FairnessWatch fairness;
    private final Map<Sequence, Request> requests = new LinkedHashMap<>();
    private final double load;
    private long now;
    private long ids;
    private long steps;
    private long tokens;
    private long submitted;
    private long finished;
    private long refused;
    private long cancelled;
    private long expired;
    private long failed;

    Simulation(long seed) {
        this.random = new SplittableRandom(seed);
        int sequences = random.nextInt(1, 9);
        int batched = random.nextInt(sequences, 120);
        int context = random.nextInt(40, 200);
        this.limits =
                new SchedulerLimits(sequences, batched, random.nextInt(1, batched + 1), context, random.nextInt(1, 48));
        int blocks = random.nextInt(2, 40);
        this.tenants = random.nextInt(1, 6);
        this.load = random.nextDouble(0.05, 1.2);
        this.kv = new FakeKv(blocks);
        this.pool = new BlockPool(blocks, random.nextInt(1, blocks + 1), kv);
        this.keys = new PrefixKeys("model", seededRandom(seed));
        Speculation speculation =
                random.nextInt(3) > 0 ? new Speculation(this::guess, new StepPace(limits.prefillTokensMax())) : null;
        this.scheduler = new Scheduler(limits, pool, random.nextInt(5) > 0 ? keys : null, speculation);
        this.scopes = new CacheScope[tenants][2];
        for (int t = 0; t < tenants; t++)
            for (int s = 0; s < 2; s++) scopes[t][s] = keys.scope("tenant" + t, "key" + s, Optional.empty());
        this.fairness = new FairnessWatch(tenants, scheduler, limits.fairnessBound());
    }

    Report run(int stepsMax) {
        while (steps < stepsMax) {
            arrive();
            step();
        }
        for (int i = 0; !scheduler.alive().isEmpty(); i++) {
            assertThat(i).as("steps to drain").isLessThan(200_000);
            step();
        }
        assertThat(requests).isEmpty();
        assertThat(submitted).isEqualTo(finished + refused + cancelled + expired + failed);
        assertThat(pool.freeBlocks()).isEqualTo(pool.blocks());
        pool.reset();
        for (int block = 0; block < pool.blocks(); block++)
            assertThat(kv.isZero(block)).isTrue();
        return new Report(
                steps,
                tokens,
                finished,
                refused,
                cancelled,
                expired,
                failed,
                scheduler.preemptions(),
                scheduler.prefixHits(),
                fairness.windows(),
                fairness.worst());
    }

    private void step() {
        now += random.nextInt(1, 1000);
        if (random.nextInt(40) == 0) cancelOne();
        if (random.nextInt(400) == 0) pool.clear("tenant" + random.nextInt(tenants));
        for (Sequence sequence : scheduler.expire(now)) {
            assertThat(sequence.table().count()).isZero();
            if (close(sequence)) expired++;
        }
        fairness.look();
        int beside = random.nextInt(1, 64);
        Set<Sequence> decoding = scheduler.alive().stream()
                .filter(sequence -> sequence.state() == Sequence.State.RUNNING && sequence.missing() == 1)
                .collect(Collectors.toSet());
        StepPlan plan = scheduler.plan(beside);
        steps++;
        tokens += plan.tokens();
        check(plan, decoding, beside);
        fairness.admitted(plan);
        if (random.nextInt(500) == 0) failStep(plan);
        else compute(plan);
        fairness.look();
        scheduler.verify();
    }

    private void check(StepPlan plan, Set<Sequence> decoding, int beside) {
        assertThat(plan.tokens()).isLessThanOrEqualTo(limits.batchedTokensMax());
        assertThat(plan.size()).isLessThanOrEqualTo(limits.sequencesMax());
        int prefill = 0;
        for (StepPlan.Entry entry : entries(plan)) {
            assertThat(entry.tokens()).isPositive();
            if (entry.sequence().missing() > 1) prefill += entry.tokens();
        }
        assertThat(prefill).isEqualTo(plan.tokens() - plan.decodes() - plan.drafted());
        boolean besideDecodes = entries(plan).stream().anyMatch(entry -> decoding.contains(entry.sequence()));
        int most = limits.prefillTokensMax();
        assertThat(prefill).isLessThanOrEqualTo(besideDecodes ? Math.min(beside, most) : most);
    }

    private void compute(StepPlan plan) {
        Map<Sequence, int[]> next = new LinkedHashMap<>();
        for (StepPlan.Entry entry : entries(plan)) {
            Sequence sequence = entry.sequence();
            kv.compute(entry, expected(sequence));
            if (!entry.catchesUp()) continue;
            int[] picked = new int[1 + entry.drafted()];
            for (int i = 0; i < picked.length; i++) picked[i] = token(kv.hash(sequence, sequence.length() - 1 + i));
            next.put(sequence, picked);
        }
        scheduler.commit(plan);
        next.forEach((sequence, picked) -> {
            for (int token : picked)
                if (sequence.state() == Sequence.State.RUNNING && sequence.hasCaughtUp()) accept(sequence, token);
        });
    }

    private void accept(Sequence sequence, int token) {
        long[] expected = expected(sequence);
        int length = sequence.length();
        scheduler.append(sequence, token);
        fairness.generated(sequence);
        if (length < expected.length) expected[length] = FakeKv.mix(expected[length - 1], token);
        if (token != END_OF_SEQUENCE && sequence.length() < sequence.tokensMax()) return;
        scheduler.end(sequence);
        if (close(sequence)) finished++;
    }

    /// What the model says after a position, mostly.
    private int guess(Sequence sequence, int most, int[] draft) {
        int count = random.nextInt(most + 1);
        long hash = expected(sequence)[sequence.length() - 1];
        for (int i = 0; i < count; i++) {
            draft[i] = random.nextInt(5) > 0 ? token(hash) : random.nextInt(VOCABULARY);
            hash = FakeKv.mix(hash, draft[i]);
        }
        return count;
    }

    private long[] expected(Sequence sequence) {
        return java.util.Objects.requireNonNull(request(sequence).expected.get(sequence));
    }

    private static int token(long hash) {
        return (int) Math.floorMod(hash >>> 7, (long) VOCABULARY);
    }

    private void failStep(StepPlan plan) {
        for (StepPlan.Entry entry : entries(plan)) {
            Request request = requests.get(entry.sequence());
            if (request == null) continue;
            kv.compute(entry, expected(entry.sequence()));
            for (Sequence choice : request.choices) scheduler.discard(choice);
            for (Sequence choice : request.choices) requests.remove(choice);
            failed++;
        }
    }

    private void arrive() {
        while (random.nextDouble() < load && requests.size() < 60) {
            int tenant = Math.min(random.nextInt(tenants), random.nextInt(tenants)); // some ask for more
            int promptMax = Math.max(1, limits.contextTokensMax() - limits.outputTokensMax());
            int output = random.nextInt(1, Math.min(limits.outputTokensMax(), limits.contextTokensMax() - 1) + 1);
            int length = random.nextInt(1, Math.min(promptMax, limits.contextTokensMax() - output) + 1);
            int[] prompt = new int[length];
            int family = random.nextInt(3); // prompts of a family begin alike
            int common = random.nextInt(length + 1);
            for (int i = 0; i < length; i++) prompt[i] = i < common ? family : random.nextInt(VOCABULARY);
            submit(scopes[tenant][random.nextInt(2)], prompt, output);
            if (load < 1) return;
        }
    }

    private void submit(CacheScope scope, int[] prompt, int output) {
        long deadline = random.nextInt(4) == 0 ? now + random.nextInt(1, 40_000) : now + 1_000_000_000_000L;
        boolean readsCache = random.nextInt(10) > 0;
        List<Sequence> choices = new ArrayList<>();
        int count = random.nextInt(4) == 0 ? random.nextInt(2, 5) : 1;
        for (int i = 0; i < count; i++)
            choices.add(new Sequence(ids++, scope, prompt, output, deadline, readsCache || i > 0));
        if (random.nextInt(4) > 0) choices.forEach(Sequence::allowDrafts);
        submitted++;
        Request request = new Request(choices);
        switch (scheduler.submit(choices)) {
            case Submission.Refused no -> {
                assertThat(no.blocksNeeded()).isGreaterThan(pool.blocks());
                refused++;
            }
            case Submission.Queued queued -> {
                for (Sequence choice : choices) {
                    requests.put(choice, request);
                    request.expected.put(choice, hashes(prompt, prompt.length + output));
                }
            }
        }
    }

    static List<StepPlan.Entry> entries(StepPlan plan) {
        List<StepPlan.Entry> entries = new ArrayList<>();
        for (int i = 0; i < plan.size(); i++) entries.add(plan.entry(i));
        return entries;
    }

    private static long[] hashes(int[] prompt, int capacity) {
        long[] expected = new long[capacity];
        long hash = 1;
        for (int i = 0; i < prompt.length; i++) {
            hash = FakeKv.mix(hash, prompt[i]);
            expected[i] = hash;
        }
        return expected;
    }

    private void cancelOne() {
        if (requests.isEmpty()) return;
        int pick = random.nextInt(requests.size());
        Request request = requests.values().stream().skip(pick).findFirst().orElseThrow();
        for (Sequence choice : request.choices) {
            scheduler.end(choice);
            assertThat(choice.table().count()).isZero();
            requests.remove(choice);
        }
        cancelled++;
    }

    /// Returns whether it was the request's last choice.
    private boolean close(Sequence sequence) {
        Request request = request(sequence);
        requests.remove(sequence);
        return --request.open == 0;
    }

    private Request request(Sequence sequence) {
        return java.util.Objects.requireNonNull(requests.get(sequence));
    }

    private static SecureRandom seededRandom(long seed) {
        return new SecureRandom() {
            private static final long serialVersionUID = 1L;

            @Override
            public void nextBytes(byte[] bytes) {
                new java.util.Random(seed).nextBytes(bytes);
            }
        };
    }
}
