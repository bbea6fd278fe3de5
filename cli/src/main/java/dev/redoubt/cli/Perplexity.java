package dev.redoubt.cli;

import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// How well a model predicted a text.
///
/// @param tokens ids of the text in whole windows
/// @param nll `-ln p(id)`, one for each scored id in order
/// @param top1 the most likely id there
record Perplexity(int tokens, float[] nll, int[] top1) {
    /// The mean over all scored ids, summed in double.
    double meanNll() {
        double sum = 0;
        for (float value : nll) sum += value;
        return sum / nll.length;
    }

    double perplexity() {
        return Math.exp(meanNll());
    }

    /* A generation takes prompt and answer from one context, so a window as long as the context could not be a prompt. Its last id
     * is therefore generated: a bias picks it, and its log probability is reported from the raw distribution all the same. */
    private static final double CERTAIN = 100; // the largest bias there is

    /// Scores windows that neither overlap nor see each other. Without `bos` the first id of a window is not
    /// scored; with it every window begins with that id, and all its text ids are scored. Either way a window
    /// scores one id less than it has positions.
    ///
    /// @param window positions of a window, the BOS included; at most the model's context
    /// @param atOnce windows given to the engine together
    static Perplexity measure(LanguageModel model, int[] ids, int window, OptionalInt bos, int atOnce)
            throws InterruptedException {
        int textIds = bos.isPresent() ? window - 1 : window;
        int windows = ids.length / textIds;
        Perplexity result =
                new Perplexity(windows * textIds, new float[windows * (window - 1)], new int[windows * (window - 1)]);
        Deque<EventQueue> running = new ArrayDeque<>();
        int done = 0;
        for (int w = 0; w < windows; w++) {
            if (running.size() == atOnce) result.take(done++ * (window - 1), running.removeFirst());
            List<Integer> positions = new ArrayList<>(window);
            if (bos.isPresent()) positions.add(bos.getAsInt());
            for (int i = w * textIds; i < (w + 1) * textIds; i++) positions.add(ids[i]);
            int last = positions.removeLast();
            EventQueue events = new EventQueue();
            model.generate(Answer.request(new Prompt.Tokens(positions), scoring(last)), events);
            running.addLast(events);
        }
        while (!running.isEmpty()) result.take(done++ * (window - 1), running.removeFirst());
        return result;
    }

    /// Waits for one window and puts its scores from `at` on.
    private void take(int at, EventQueue events) throws InterruptedException {
        while (true) {
            switch (events.next()) {
                case GenerationEvent.Started started -> at = put(at, started.promptLogprobs());
                case GenerationEvent.Delta delta -> at = put(at, delta.logprobs());
                case GenerationEvent.Completed _ -> {
                    return;
                }
                case GenerationEvent.Failed failed -> throw failed.error();
                case GenerationEvent.Finished _ -> {}
            }
        }
    }

    private int put(int at, List<TokenLogprob> logprobs) {
        for (TokenLogprob logprob : logprobs) {
            nll[at] = -logprob.logprob();
            top1[at] = logprob.top().getFirst().tokenId();
            at++;
        }
        return at;
    }

    private static SamplingParams scoring(int last) {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(last, CERTAIN),
                OptionalLong.empty(),
                1,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.of(1),
                OptionalInt.of(1));
    }
}
