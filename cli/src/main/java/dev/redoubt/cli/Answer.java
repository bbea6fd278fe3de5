package dev.redoubt.cli;

import dev.redoubt.base.Invariant;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// One finished answer to one prompt.
///
/// @param tokenIds generated, in order
record Answer(String text, List<Integer> tokenIds, FinishReason finishReason, Usage usage) {
    /// Whose work a command's own requests are.
    static final Caller LOCAL = new Caller("local", "cli", Optional.empty());

    private static final Duration TIMEOUT = Duration.ofHours(1);

    /// Asks and waits for the end.
    ///
    /// @param started told of the generation, to cancel it with
    /// @param text told of every piece of the answer as it comes
    static Answer ask(
            LanguageModel model,
            Prompt prompt,
            SamplingParams sampling,
            Consumer<Generation> started,
            Consumer<String> text)
            throws InterruptedException {
        EventQueue events = new EventQueue();
        started.accept(model.generate(request(prompt, sampling), events));
        StringBuilder whole = new StringBuilder();
        List<Integer> ids = new ArrayList<>();
        FinishReason reason = FinishReason.ERROR;
        while (true) {
            switch (events.next()) {
                case GenerationEvent.Started _ -> {}
                case GenerationEvent.Delta delta -> {
                    whole.append(delta.text());
                    ids.addAll(delta.tokenIds());
                    text.accept(delta.text());
                }
                case GenerationEvent.Finished finished -> reason = finished.reason();
                case GenerationEvent.Completed completed -> {
                    Invariant.hold(reason != FinishReason.ERROR, "a generation completed without an end");
                    return new Answer(whole.toString(), List.copyOf(ids), reason, completed.usage());
                }
                case GenerationEvent.Failed failed -> throw failed.error();
            }
        }
    }

    /// A request of the machine's owner: no policy of a route, no deadline that matters.
    static GenerationRequest request(Prompt prompt, SamplingParams sampling) {
        return new GenerationRequest(
                LOCAL, prompt, sampling, List.of(), 1, TimeSource.system().nanos() + TIMEOUT.toNanos());
    }

    /// Decoding speed: tokens after the first by the time after the first; 0 where there is no second token.
    double tokensPerSecond() {
        long decoding = usage.totalNanos() - usage.firstTokenNanos();
        return usage.completionTokens() < 2 || decoding <= 0 ? 0 : (usage.completionTokens() - 1) * 1e9 / decoding;
    }

    /// Time to first token in milliseconds.
    double ttftMillis() {
        return usage.firstTokenNanos() / 1e6;
    }
}
