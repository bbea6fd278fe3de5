package dev.redoubt.cli;

import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

/// Runs of equal requests against a model, timed from the first submission to the last end.
final class Benchmark {
    private static final long SEED = 20261122;

    private Benchmark() {}

    /// @param test `pp512` or `tg128`
    /// @param batch requests at the same time
    /// @param tokensPerSecond median over the runs, of all requests together
    /// @param spread the fastest run less the slowest
    /// @param outside part of the steps' time that was not the forward pass but scheduling and hand-over, 0 to
    ///     1
    record Result(String test, int batch, double tokensPerSecond, double spread, double outside) {}

    /// Prompts of random ids, each its own, so that nothing is shared; the time to the first token of the last
    /// of them.
    static Result prefill(LanguageModel model, int promptTokens, int batch, int repeat) throws InterruptedException {
        return measure("pp" + promptTokens, model, promptTokens, 1, batch, repeat, promptTokens);
    }

    /// From one token each, greedy, not ended by the model.
    static Result decode(LanguageModel model, int tokens, int batch, int repeat) throws InterruptedException {
        return measure("tg" + tokens, model, 1, tokens, batch, repeat, tokens);
    }

    private static Result measure(
            String test, LanguageModel model, int promptTokens, int maxTokens, int batch, int repeat, int counted)
            throws InterruptedException {
        Random random = new Random(SEED);
        double _ = seconds(model, random, promptTokens, maxTokens, batch); // warm-up
        ModelStats before = model.stats();
        double[] speeds = new double[repeat];
        for (int i = 0; i < repeat; i++)
            speeds[i] = (double) batch * counted / seconds(model, random, promptTokens, maxTokens, batch);
        double outside = outside(before, model.stats());
        Arrays.sort(speeds);
        double median = (speeds[(repeat - 1) / 2] + speeds[repeat / 2]) / 2;
        return new Result(test, batch, median, speeds[repeat - 1] - speeds[0], outside);
    }

    private static double outside(ModelStats before, ModelStats after) {
        long steps = after.stepNanos() - before.stepNanos();
        long forward = after.forwardNanos() - before.forwardNanos();
        return steps == 0 ? 0 : (double) (steps - forward) / steps;
    }

    private static double seconds(LanguageModel model, Random random, int promptTokens, int maxTokens, int batch)
            throws InterruptedException {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < batch; i++)
            prompts.add(
                    new Prompt.Tokens(random.ints(promptTokens, 0, model.card().vocabularySize())
                            .boxed()
                            .toList()));
        List<EventQueue> running = new ArrayList<>();
        long begin = System.nanoTime();
        for (Prompt prompt : prompts) {
            EventQueue events = new EventQueue();
            model.generate(Answer.request(prompt, greedyWithoutEnd(maxTokens)), events);
            running.add(events);
        }
        for (EventQueue events : running) await(events);
        return (System.nanoTime() - begin) / 1e9;
    }

    private static void await(EventQueue events) throws InterruptedException {
        while (true) {
            switch (events.next()) {
                case GenerationEvent.Completed _ -> {
                    return;
                }
                case GenerationEvent.Failed failed -> throw failed.error();
                case GenerationEvent.Started _ -> {}
                case GenerationEvent.Delta _ -> {}
                case GenerationEvent.Finished _ -> {}
            }
        }
    }

    private static SamplingParams greedyWithoutEnd(int maxTokens) {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                maxTokens,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.empty());
    }
}
