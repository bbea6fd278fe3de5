package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.schedule.Drafter;
import dev.redoubt.engine.schedule.SchedulerLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;

/// Runs a request alone and then in a random crowd on a random machine: other batch sizes, chunks and pools,
/// neighbours that come and are cancelled, preemptions, prefix hits, guesses right and wrong. Everything the caller
/// sees must be the same, to the bit.
final class RandomSchedules {
    /// Makes an engine of a given size; each with its own, zeroed KV memory.
    @FunctionalInterface
    interface Worlds {
        Harness<?> make(SchedulerLimits limits, int blocks, boolean prefixCache);
    }

    private final Worlds worlds;
    private final int vocabulary;
    private long preempted;
    private long cached;
    private long drafted;
    private long accepted;

    /// @param vocabulary prompts use ids 1 to that less one
    RandomSchedules(Worlds worlds, int vocabulary) {
        this.worlds = worlds;
        this.vocabulary = vocabulary;
    }

    /// @throws AssertionError naming the schedule's seed
    void run(long seedOfSeeds, int schedules) {
        SplittableRandom seeds = new SplittableRandom(seedOfSeeds);
        for (int i = 0; i < schedules; i++) {
            long seed = seeds.nextLong();
            try {
                oneSchedule(new SplittableRandom(seed));
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("schedule with seed " + seed, failure);
            }
        }
    }

    /// Schedules in which somebody was preempted.
    long preempted() {
        return preempted;
    }

    /// Guessed tokens, and those that were right, of all who took part.
    long drafted() {
        return drafted;
    }

    long accepted() {
        return accepted;
    }

    /// Schedules in which the request itself had a prefix hit.
    long cached() {
        return cached;
    }

    private void oneSchedule(SplittableRandom random) {
        int choices = random.nextInt(4) == 0 ? 3 : 1;
        int[] prompt = prompt(random, random.nextInt(1, 100));
        SamplingParams sampling = sampling(random);
        Caller caller = caller(0);

        Harness<?> alone = worlds.make(new SchedulerLimits(8, 512, 512, 256, 64), 64, false);
        Heard expected = new Heard();
        alone.submit(caller, prompt, sampling, choices, expected);
        alone.stepUntilIdle();
        assertThat(expected.ended()).isTrue();

        int sequences = random.nextInt(1, 9);
        int batched = random.nextInt(sequences, 200);
        SchedulerLimits limits = new SchedulerLimits(sequences, batched, random.nextInt(1, batched + 1), 256, 64);
        Harness<?> crowd = worlds.make(limits, random.nextInt(11, 40), random.nextInt(4) > 0);
        crowd.drafter = halfRight(random, expected, choices);
        Heard heard = new Heard();
        int arrival = random.nextInt(30);
        List<LiveRequest> neighbours = new ArrayList<>();
        List<Heard> others = new ArrayList<>();
        for (int step = 0; step <= arrival || !crowd.scheduler.alive().isEmpty(); step++) {
            if (step == arrival) crowd.submit(caller, prompt, sampling, choices, heard);
            if (step < arrival + 40 && random.nextInt(3) == 0) {
                others.add(new Heard());
                int[] its = random.nextInt(2) == 0
                        ? prompt // the same prompt: of this caller a hit, of others none
                        : prompt(random, random.nextInt(1, 120));
                neighbours.add(crowd.submit(
                        caller(random.nextInt(3)), its, sampling(random), random.nextInt(1, 3), others.getLast()));
            }
            if (!neighbours.isEmpty() && random.nextInt(8) == 0)
                crowd.loop.cancel(neighbours.get(random.nextInt(neighbours.size())));
            crowd.step();
        }
        assertThat(heard.ended()).isTrue();
        assertThat(others).allMatch(Heard::ended);
        for (int i = 0; i < choices; i++)
            assertThat(heard.choice(i).facts()).isEqualTo(expected.choice(i).facts());
        assertThat(heard.promptLogprobs).isEqualTo(expected.promptLogprobs);
        if (crowd.scheduler.preemptions() > 0) preempted++;
        accepted += Objects.requireNonNull(crowd.scheduler.speculation()).acceptedTokens();
        drafted += Objects.requireNonNull(crowd.scheduler.speculation()).draftedTokens();
        if (heard.usage().cachedTokens() > 0) cached++;
    }

    /// Guesses what the request will say, of one choice or another, and now and then something else.
    private Drafter halfRight(SplittableRandom random, Heard expected, int choices) {
        return (sequence, most, draft) -> {
            int count = random.nextInt(most + 1);
            int from = sequence.outputTokens();
            List<Integer> ids = expected.choice(random.nextInt(choices)).ids;
            for (int i = 0; i < count; i++) {
                boolean right = from + i < ids.size() && random.nextInt(6) > 0;
                draft[i] = right ? ids.get(from + i) : random.nextInt(1, vocabulary);
            }
            return count;
        };
    }

    private int[] prompt(SplittableRandom random, int length) {
        int[] ids = new int[length];
        int common = random.nextInt(length + 1);
        for (int i = 0; i < length; i++) ids[i] = i < common ? 1 : random.nextInt(1, vocabulary);
        return ids;
    }

    private SamplingParams sampling(SplittableRandom random) {
        int tokens = random.nextInt(1, 60);
        return new SamplingParams(
                random.nextInt(2),
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.of(random.nextInt(1000)),
                tokens,
                false,
                random.nextInt(tokens + 1),
                random.nextInt(3) == 0 ? List.of("ab", "b" + (char) ('a' + random.nextInt(20))) : List.of(),
                random.nextInt(3) == 0 ? Set.of(random.nextInt(1, vocabulary)) : Set.of(),
                random.nextInt(3) == 0,
                random.nextBoolean() ? OptionalInt.of(0) : OptionalInt.empty(),
                random.nextInt(3) == 0 ? OptionalInt.of(0) : OptionalInt.empty());
    }

    private static Caller caller(int tenant) {
        return new Caller("tenant" + tenant, "key" + tenant, Optional.empty());
    }
}
