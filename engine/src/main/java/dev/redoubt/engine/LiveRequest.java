package dev.redoubt.engine;

import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.schedule.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// One request from its acceptance to its last event. Each part has one owner; parts change hands only through
/// a queue, so what the former owner wrote is seen.
final class LiveRequest {
    /// One of the continuations asked for.
    ///
    /// @param index 0-based
    record Choice(LiveRequest request, int index, Sequence sequence, TokenPicker picker) {}

    final long id;
    final Caller caller;
    final int choiceCount;
    final long arrivalNanos;
    final long deadlineNanos;
    final GenerationListener listener; // engine-output only
    boolean closed; // engine-output only: the final event is out

    /// Set by the caller, read when the request reaches the loop.
    final AtomicBoolean cancelled = new AtomicBoolean();

    // Written by engine-input before the loop gets the request.
    SamplingParams sampling; // as asked for, then with a max_tokens that fits
    int[] promptIds = {};
    List<Choice> choices = List.of();

    // Engine-loop only; the times are written before the event that reports them is handed over, and not changed
    // afterwards.
    final List<TokenLogprob> promptLogprobs = new ArrayList<>();
    boolean known;
    boolean computing;
    boolean started;
    int openChoices;
    long queueNanos;
    long firstTokenNanos;

    LiveRequest(
            long id,
            Caller caller,
            SamplingParams sampling,
            int choiceCount,
            long arrivalNanos,
            long deadlineNanos,
            GenerationListener listener) {
        this.id = id;
        this.caller = caller;
        this.sampling = sampling;
        this.choiceCount = choiceCount;
        this.arrivalNanos = arrivalNanos;
        this.deadlineNanos = deadlineNanos;
        this.listener = listener;
    }
}
