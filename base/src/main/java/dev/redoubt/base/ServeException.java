package dev.redoubt.base;

import java.io.Serial;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A refusal or failure that a caller may see: a code of the closed table, its numbers, and the field to blame
/// if there is one.
public final class ServeException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final int ARGUMENT_LENGTH_MAX = 128;

    private final ErrorCode code;
    private final @Nullable String field;
    private final @Nullable Duration retryAfter;
    private final @Nullable String fault;
    private final transient List<String> arguments;

    private ServeException(
            ErrorCode code,
            @Nullable String field,
            @Nullable Duration retryAfter,
            @Nullable String fault,
            Object... args) {
        Check.that(args.length == code.arguments(), "%s takes %s arguments", code, code.arguments());
        List<String> bounded = bounded(args);
        super(code.template().formatted(bounded.toArray()), null, false, code.kind() == ErrorCode.Kind.INTERNAL);
        this.code = code;
        this.field = field;
        this.retryAfter = retryAfter;
        this.fault = fault;
        this.arguments = bounded;
    }

    /// @param args what the template of `code` asks for, in order
    public static ServeException of(ErrorCode code, Object... args) {
        return new ServeException(code, null, null, null, args);
    }

    /// A fault of ours, or of an operator's code. Where it was is kept for logs, what it said is not.
    public static ServeException internal(Throwable fault) {
        return new ServeException(ErrorCode.INTERNAL, null, null, FaultText.of(fault));
    }

    /// The same, where another process had the fault.
    ///
    /// @param fault as [FaultText] words it
    public static ServeException internal(String fault) {
        return new ServeException(ErrorCode.INTERNAL, null, null, fault);
    }

    /// The same, where the reason is known: what was found of types, sizes and limits, and nothing of what a caller
    /// sent. Operators read it in an application's own log too.
    public static ServeException because(String reason) {
        return internal(FaultText.REASON + reason);
    }

    /// As [#of], with the request field to blame; templates that name a field take it from `args` all the same.
    public static ServeException ofField(ErrorCode code, String field, Object... args) {
        return new ServeException(code, bound(field), null, null, args);
    }

    /// As [#of], where it is known when the same request would be taken.
    ///
    /// @param retryAfter from now
    public static ServeException after(Duration retryAfter, ErrorCode code, Object... args) {
        return new ServeException(code, null, retryAfter, null, args);
    }

    /// For logs alone: where a fault was ([FaultText]), or its reason.
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    public ErrorCode code() {
        return code;
    }

    /// The request field to blame, as OpenAI's `param`.
    public Optional<String> field() {
        return Optional.ofNullable(field);
    }

    /// When the same request would be taken, from the moment of the refusal; empty where nobody can tell.
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /// What the template was filled with, each cut to a bounded length: with code and field all that another
    /// process needs to say the same.
    public List<String> arguments() {
        return arguments;
    }

    /// Never null: the template is never empty.
    @Override
    public String getMessage() {
        return java.util.Objects.requireNonNull(super.getMessage());
    }

    private static List<String> bounded(Object... args) {
        return Arrays.stream(args)
                .map(argument -> bound(String.valueOf(argument)))
                .toList();
    }

    private static String bound(String text) {
        return text.length() <= ARGUMENT_LENGTH_MAX
                ? text
                : text.substring(
                                0,
                                text.offsetByCodePoints(
                                        0, Math.min(ARGUMENT_LENGTH_MAX, text.codePointCount(0, text.length()))))
                        + "…";
    }
}
