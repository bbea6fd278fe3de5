package dev.redoubt.serve;

import dev.redoubt.base.Check;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.regex.Pattern;

/// What travels with a request through every stage: whose it is, until when, and whether it is still wanted (R5.4). No
/// stage can change it, but for giving less time. It carries nothing else: what a stage has to say to the next one is
/// in its output, which has a type (R5.1).
///
/// @param requestId the one in logs and in the reply
/// @param application whose deployments are called; the tenant
/// @param keyId public name of the caller's key; empty where there is none, as in local mode
/// @param deadlineNanos on the platform's clock
/// @param modelId which of many models of one deployment; see [Multiplexed]
public record Call(
        String requestId,
        String application,
        String keyId,
        long deadlineNanos,
        Optional<String> modelId,
        Cancellation cancellation) {
    private static final int NAME_LENGTH_MAX = 256;
    private static final Pattern MODEL_ID = Pattern.compile("[a-z0-9-]{1,63}");

    /// @throws IllegalArgumentException if a name is longer than 256 characters, or the model's has others than
    ///     a-z, 0-9 and -
    public Call {
        Check.inRange("request id", requestId.length(), 0, NAME_LENGTH_MAX);
        Check.inRange("application", application.length(), 0, NAME_LENGTH_MAX);
        Check.inRange("key id", keyId.length(), 0, NAME_LENGTH_MAX);
        modelId.ifPresent(id -> Check.that(MODEL_ID.matcher(id).matches(), "a model id is 1 to 63 of a-z, 0-9 and -"));
    }

    /// Bound while a handler runs, and in threads that a structured scope of its starts.
    public static final ScopedValue<Call> CURRENT = ScopedValue.newInstance();

    /// The call that this thread works for.
    ///
    /// @throws NoSuchElementException outside of a handler
    public static Call current() {
        if (!CURRENT.isBound()) throw new NoSuchElementException("no call: only a handler has one");
        return CURRENT.get();
    }

    /// The same with less time.
    public Call until(long otherDeadlineNanos) {
        boolean sooner = otherDeadlineNanos - deadlineNanos < 0;
        return sooner ? new Call(requestId, application, keyId, otherDeadlineNanos, modelId, cancellation) : this;
    }

    /// The same for one of many models.
    public Call of(String otherModelId) {
        return new Call(requestId, application, keyId, deadlineNanos, Optional.of(otherModelId), cancellation);
    }
}
