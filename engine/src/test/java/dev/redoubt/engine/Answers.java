package dev.redoubt.engine;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Whole answers for tests: asks and waits.
final class Answers {
    static final Caller ADA = new Caller("tests", "key-ada", Optional.empty());

    private Answers() {}

    /// One choice, complete.
    record Answer(String text, List<Integer> tokenIds, List<TokenLogprob> logprobs, FinishReason reason) {}

    /// All choices.
    record Reply(List<Answer> choices, Usage usage, List<TokenLogprob> promptLogprobs) {
        Answer only() {
            return choices.getFirst();
        }
    }

    /// Starts a request that may take two minutes.
    static CompletableFuture<Reply> ask(
            LanguageModel model, Caller caller, Prompt prompt, SamplingParams sampling, int choices) {
        Collector collector = new Collector(choices);
        long deadline = TimeSource.system().nanos() + Duration.ofMinutes(2).toNanos();
        model.generate(new GenerationRequest(caller, prompt, sampling, List.of(), choices, deadline), collector);
        return collector.reply;
    }

    /// Asks and waits.
    static Reply answer(LanguageModel model, Prompt prompt, SamplingParams sampling) throws Exception {
        return ask(model, ADA, prompt, sampling, 1).get(2, TimeUnit.MINUTES);
    }

    private static final class Collector implements GenerationListener {
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();
        private final List<StringBuilder> texts = new ArrayList<>();
        private final List<List<Integer>> ids = new ArrayList<>();
        private final List<List<TokenLogprob>> logprobs = new ArrayList<>();
        private final List<FinishReason> reasons = new ArrayList<>();
        private List<TokenLogprob> promptLogprobs = List.of();

        private Collector(int choices) {
            for (int i = 0; i < choices; i++) {
                texts.add(new StringBuilder());
                ids.add(new ArrayList<>());
                logprobs.add(new ArrayList<>());
                reasons.add(FinishReason.ERROR);
            }
        }

        @Override
        public void onEvent(GenerationEvent event) {
            switch (event) {
                case GenerationEvent.Started started -> promptLogprobs = started.promptLogprobs();
                case GenerationEvent.Delta delta -> {
                    texts.get(delta.choice()).append(delta.text());
                    ids.get(delta.choice()).addAll(delta.tokenIds());
                    logprobs.get(delta.choice()).addAll(delta.logprobs());
                }
                case GenerationEvent.Finished finished -> reasons.set(finished.choice(), finished.reason());
                case GenerationEvent.Completed completed -> {
                    List<Answer> answers = new ArrayList<>();
                    for (int i = 0; i < texts.size(); i++)
                        answers.add(new Answer(texts.get(i).toString(), ids.get(i), logprobs.get(i), reasons.get(i)));
                    reply.complete(new Reply(answers, completed.usage(), promptLogprobs));
                }
                case GenerationEvent.Failed failed -> reply.completeExceptionally(failure(failed));
            }
        }

        private static ServeException failure(GenerationEvent.Failed failed) {
            return failed.error();
        }
    }
}
