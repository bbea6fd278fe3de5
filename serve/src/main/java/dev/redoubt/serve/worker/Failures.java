package dev.redoubt.serve.worker;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.time.Duration;
import java.util.Optional;

/// Errors over the link: a code of the closed table and its arguments, never a text of the other side's. A
/// worker also says where its handler failed, for the server's log alone.
final class Failures {
    private static final int NAME_BYTES_MAX = 64;
    private static final int FIELD_BYTES_MAX = 1024;
    private static final int ARGUMENTS_MAX = 8;
    private static final int ARGUMENT_BYTES_MAX = 1024;
    private static final int FAULT_BYTES_MAX = 4096;

    private Failures() {}

    /// @param fault where the failure is a handler's, what the log may say of it
    record Told(ServeException failure, String fault) {}

    /// @param tells whether the peer is who logs faults
    static FrameWriter write(ServeException failure, boolean tells, FrameWriter out) {
        out.text(failure.code().name());
        Optional<String> field = failure.field();
        out.u8(field.isPresent() ? 1 : 0);
        field.ifPresent(out::text);
        Optional<Duration> retryAfter = failure.retryAfter();
        out.u8(retryAfter.isPresent() ? 1 : 0);
        retryAfter.ifPresent(after -> out.u64(after.toMillis()));
        out.count(failure.arguments().size());
        failure.arguments().forEach(out::text);
        return out.text(tells ? plain(failure.fault().orElse("")) : "");
    }

    /// @throws BadFrame unless it is an error that [#write] writes; nobody but the server's edge denies, so a
    ///     worker that does breaks the rules too
    static Told read(FrameReader in) throws BadFrame {
        ErrorCode code = code(in.text(NAME_BYTES_MAX));
        String field = in.u8() == 1 ? in.text(FIELD_BYTES_MAX) : "";
        long retryMillis = in.u8() == 1 ? in.u64() : -1;
        Object[] arguments = new Object[in.count(ARGUMENTS_MAX)];
        for (int i = 0; i < arguments.length; i++) arguments[i] = in.text(ARGUMENT_BYTES_MAX);
        String fault = plain(in.text(FAULT_BYTES_MAX));
        in.finished();
        if (code.kind() == ErrorCode.Kind.DENIED) throw new BadFrame("an error that is not a worker's: " + code);
        if (code.arguments() != arguments.length) throw new BadFrame(code + " with " + arguments.length + " arguments");
        boolean ours = code == ErrorCode.INTERNAL && !fault.isEmpty();
        return new Told(ours ? ServeException.internal(fault) : failure(code, field, retryMillis, arguments), fault);
    }

    private static ServeException failure(ErrorCode code, String field, long retryMillis, Object... arguments) {
        if (!field.isEmpty()) return ServeException.ofField(code, field, arguments);
        if (retryMillis >= 0) return ServeException.after(Duration.ofMillis(retryMillis), code, arguments);
        return ServeException.of(code, arguments);
    }

    /// Of one line, and no more than a frame should hold.
    static String plain(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7E]", "?");
        return printable.length() <= FAULT_BYTES_MAX ? printable : printable.substring(0, FAULT_BYTES_MAX);
    }

    private static ErrorCode code(String name) throws BadFrame {
        for (ErrorCode code : ErrorCode.values()) if (code.name().equals(name)) return code;
        throw new BadFrame("an error that is not in the table");
    }
}
