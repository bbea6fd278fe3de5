package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// What a listener heard; checks the order that the contract promises.
final class Heard implements GenerationListener {
    /// One choice, as the caller sees it.
    static final class Choice {
        final StringBuilder text = new StringBuilder();
        final List<Integer> ids = new ArrayList<>();
        final List<TokenLogprob> logprobs = new ArrayList<>();
        final List<FinishReason> finish = new ArrayList<>();

        /// Everything that must be equal, to the bit.
        List<Object> facts() {
            return List.of(text.toString(), List.copyOf(ids), List.copyOf(logprobs), List.copyOf(finish));
        }
    }

    final List<GenerationEvent> events = new ArrayList<>();
    final Map<Integer, Choice> choices = new TreeMap<>();
    final List<TokenLogprob> promptLogprobs = new ArrayList<>();
    final CompletableFuture<GenerationEvent> last = new CompletableFuture<>();

    @Override
    public synchronized void onEvent(GenerationEvent event) {
        assertThat(last.isDone()).as("an event after the last: %s", event).isFalse();
        events.add(event);
        switch (event) {
            case GenerationEvent.Started started -> {
                assertThat(events).hasSize(1);
                promptLogprobs.addAll(started.promptLogprobs());
            }
            case GenerationEvent.Delta delta -> {
                assertThat(events.getFirst()).isInstanceOf(GenerationEvent.Started.class);
                Choice choice = choice(delta.choice());
                assertThat(choice.finish).isEmpty();
                choice.text.append(delta.text());
                choice.ids.addAll(delta.tokenIds());
                choice.logprobs.addAll(delta.logprobs());
            }
            case GenerationEvent.Finished finished -> {
                Choice choice = choice(finished.choice());
                choice.finish.add(finished.reason());
                assertThat(finished.tokens()).isEqualTo(choice.ids.size());
            }
            case GenerationEvent.Completed completed -> end(event);
            case GenerationEvent.Failed failed -> end(event);
        }
    }

    Choice choice(int index) {
        return choices.computeIfAbsent(index, i -> new Choice());
    }

    boolean ended() {
        return last.isDone();
    }

    GenerationEvent await() {
        return last.copy().orTimeout(20, TimeUnit.SECONDS).join();
    }

    Usage usage() {
        return switch (await()) {
            case GenerationEvent.Completed completed -> completed.usage();
            case GenerationEvent.Failed failed -> failed.usage();
            default -> throw new AssertionError("not a final event");
        };
    }

    private void end(GenerationEvent event) {
        if (event instanceof GenerationEvent.Completed)
            for (Choice choice : choices.values()) assertThat(choice.finish).hasSize(1);
        last.complete(event);
    }
}
