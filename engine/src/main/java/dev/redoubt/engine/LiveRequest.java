package dev.redoubt.engine;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// One request from its acceptance to its last event. Each part has one owner; what another thread reads was
/// written before it was told of ([Choice], [OutputThread]).
final class LiveRequest {
    final long id;
    final Caller caller;
    final List<String> routeStops;
    final int choiceCount;
    final int adapter; // index, or AdapterRows.NONE
    final long arrivalNanos;
    final long deadlineNanos;
    final GenerationListener listener; // engine-output only

    /// Set by the caller, read when the request reaches the loop.
    final AtomicBoolean cancelled = new AtomicBoolean();

    // Written by engine-input before the loop gets the request.
    SamplingParams sampling; // as asked for, then with a max_tokens that fits
    int[] promptIds = {};
    List<Choice> choices = List.of();

    // Engine-loop only; times, cached tokens and prompt logprobs are written before the first token is told of, and not
    // changed afterwards.
    final List<TokenLogprob> promptLogprobs = new ArrayList<>();
    int[] endingIds = {}; // tokens that end a text, ascending
    boolean known;
    boolean computing;
    boolean started;
    int openChoices;
    int cachedTokens;
    long queueNanos;
    long firstTokenNanos;

    // Engine-output only.
    @Nullable
    RequestOutput output; // from the first news on

    boolean closed; // the final event is out

    // Of the hand-over.
    final AtomicBoolean isListed = new AtomicBoolean();

    @Nullable
    LiveRequest nextListed;

    private volatile @Nullable ServeException failure;

    LiveRequest(
            long id,
            Caller caller,
            SamplingParams sampling,
            List<String> routeStops,
            int choiceCount,
            int adapter,
            long arrivalNanos,
            long deadlineNanos,
            GenerationListener listener) {
        this.id = id;
        this.caller = caller;
        this.sampling = sampling;
        this.routeStops = routeStops;
        this.choiceCount = choiceCount;
        this.adapter = adapter;
        this.arrivalNanos = arrivalNanos;
        this.deadlineNanos = deadlineNanos;
        this.listener = listener;
    }

    /// The request as a whole ended by an error. Whoever tells of the request at that time; the first one counts.
    void failed(ServeException error) {
        if (failure == null) failure = error;
    }

    /// Null unless it failed. To be read before what its choices tell.
    @Nullable
    ServeException failure() {
        return failure;
    }
}
