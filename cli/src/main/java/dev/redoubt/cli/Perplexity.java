package dev.redoubt.cli;

import dev.redoubt.base.Invariant;
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

    /// Scores windows that neither overlap nor see each other. Without `bos` the first id of a window is not scored; with it every
    /// window begins with that id, and all its text ids are scored. Either way a window scores one id less than it has positions.
    ///
    /// @param window positions of a window, the BOS included
    /// @param atOnce windows given to the engine together
    static Perplexity measure(LanguageModel model, int[] ids, int window, OptionalInt bos, int atOnce)
            throws InterruptedException {
        int textIds = bos.isPresent() ? window - 1 : window;
        int windows = ids.length / textIds;
        Scores scores = new Scores(new float[windows * (window - 1)], new int[windows * (window - 1)]);
        Deque<EventQueue> running = new ArrayDeque<>();
        int done = 0;
        for (int w = 0; w < windows; w++) {
            if (running.size() == atOnce) scores.take(done++, running.removeFirst());
            List<Integer> prompt = new ArrayList<>(window);
            if (bos.isPresent()) prompt.add(bos.getAsInt());
            for (int i = w * textIds; i < (w + 1) * textIds; i++) prompt.add(ids[i]);
            EventQueue events = new EventQueue();
            model.generate(Answer.request(new Prompt.Tokens(prompt), scoring()), events);
            running.addLast(events);
        }
        while (!running.isEmpty()) scores.take(done++, running.removeFirst());
        return new Perplexity(windows * textIds, scores.nll, scores.top1);
    }

    /// The arrays being filled, window by window.
    private record Scores(float[] nll, int[] top1) {
        void take(int window, EventQueue events) throws InterruptedException {
            while (true) {
                switch (events.next()) {
                    case GenerationEvent.Started started -> fill(window, started.promptLogprobs());
                    case GenerationEvent.Completed _ -> {
                        return;
                    }
                    case GenerationEvent.Failed failed -> throw failed.error();
                    case GenerationEvent.Delta _ -> {}
                    case GenerationEvent.Finished _ -> {}
                }
            }
        }

        private void fill(int window, List<TokenLogprob> logprobs) {
            int at = window * logprobs.size();
            Invariant.hold(
                    at + logprobs.size() <= nll.length,
                    "window %d has %d scores, %d fit",
                    window,
                    logprobs.size(),
                    nll.length);
            for (TokenLogprob logprob : logprobs) {
                nll[at] = -logprob.logprob();
                top1[at] = logprob.top().getFirst().tokenId();
                at++;
            }
        }
    }

    private static SamplingParams scoring() {
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
                1,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.of(1));
    }
}
