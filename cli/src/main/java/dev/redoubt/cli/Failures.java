package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.RuleRefusal;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.AdminException;
import dev.redoubt.gateway.TlsException;
import dev.redoubt.policy.KeyStoreException;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditException;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.limit.RateLimitException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Where a failure becomes one line and an exit code. A stack trace goes to a file of the home under the id
/// that is printed; it is shown only where `REDOUBT_DEBUG=1` asks for it.
final class Failures {
    private static final int REPORTS_MAX = 100;
    private static final String TLS_RULE = "R1.2";
    private static final String ADMIN_RULE = "V5.5";
    private static final String RATE_RULE = "V3.4";

    private final Context context;

    Failures(Context context) {
        this.context = context;
    }

    /// Prints the line, and writes down which rules have refused what.
    ///
    /// @param command such as `redoubt keys create`
    /// @return the exit code
    int report(Throwable failure, String command) {
        ExitCode code = explain(failure);
        if (!command.equals("redoubt check")) // which decides nothing
        for (Requirement rule : rules(failure)) context.refused(refusal(command, rule));
        if ("1".equals(System.getenv("REDOUBT_DEBUG")))
            failure.printStackTrace(context.console().err());
        return code.code();
    }

    private static AuditEvent refusal(String command, Requirement rule) {
        boolean start = command.equals("redoubt serve");
        return AuditEvent.of(
                        start ? AuditKind.START_REFUSED : AuditKind.COMMAND_REFUSED,
                        AuditEvent.OPERATOR,
                        "",
                        command.replaceFirst("^redoubt ", ""))
                .refusedBy(rule);
    }

    private static List<Requirement> rules(Throwable failure) {
        List<String> ids = switch (failure) {
            case Refusal e -> e.rules();
            case RuleRefusal e -> List.of(e.rule());
            case TlsException e -> List.of(TLS_RULE);
            case AdminException e -> List.of(ADMIN_RULE);
            case RateLimitException e -> List.of(RATE_RULE);
            default -> List.of();
        };
        return ids.stream().flatMap(id -> Requirement.find(id).stream()).toList();
    }

    private ExitCode explain(Throwable failure) {
        return switch (failure) {
            case CommandFailure e -> say(e.exitCode(), e.getMessage());
            case Refusal e -> {
                e.lines().forEach(context.console()::note);
                yield ExitCode.REFUSED;
            }
            case RuleRefusal e -> {
                context.console().note(Refusal.line(e.rule(), String.valueOf(e.getMessage())));
                yield ExitCode.REFUSED;
            }
            case TlsException e -> {
                context.console().note(Refusal.line(TLS_RULE, String.valueOf(e.getMessage())));
                yield ExitCode.REFUSED;
            }
            case AdminException e -> {
                context.console().note(Refusal.line(ADMIN_RULE, String.valueOf(e.getMessage())));
                yield ExitCode.REFUSED;
            }
            case RateLimitException e -> {
                context.console().note(Refusal.line(RATE_RULE, String.valueOf(e.getMessage())));
                yield ExitCode.REFUSED;
            }
            case AuditException e
            when e.damaged() -> {
                context.console().note(Refusal.line("R1.8", String.valueOf(e.getMessage())));
                yield ExitCode.REFUSED;
            }
            case AuditException e -> say(ExitCode.IO, String.valueOf(e.getMessage()));
            case KeyStoreException e -> say(ExitCode.IO, String.valueOf(e.getMessage()));
            case ServeException e
            when e.code() != ErrorCode.INTERNAL ->
                say(e.code().kind() == ErrorCode.Kind.CAPACITY ? ExitCode.RESOURCES : ExitCode.USAGE, e.getMessage());
            case ParameterException e -> say(ExitCode.USAGE, usage(e));
            case UncheckedIOException e -> explain(Objects.requireNonNull(e.getCause()));
            case BindException e -> say(ExitCode.ADDRESS_IN_USE, text(e));
            case NoSuchFileException e -> say(ExitCode.NO_INPUT, e.getFile() + " does not exist: name another path");
            case NotDirectoryException e -> say(ExitCode.NO_INPUT, e.getFile() + " is no folder: name another path");
            case AccessDeniedException e ->
                say(ExitCode.IO, e.getFile() + " cannot be read or written: check its owner and mode");
            case FileSystemException e -> say(ExitCode.IO, e.getFile() + ": " + e.getReason());
            case IOException e -> say(ExitCode.IO, text(e));
            case OutOfMemoryError e ->
                say(ExitCode.RESOURCES, "out of memory: stop other programs or lower --max-model-len");
            case InterruptedException e -> ExitCode.INTERRUPTED;
            default -> unexpected(failure);
        };
    }

    /// A server that fails at every start, and is started again at every failure, must not fill the disk.
    private static void keepNewest(Path folder, int count) throws IOException {
        if (Files.notExists(folder)) return;
        List<Path> reports;
        try (Stream<Path> all = Files.list(folder)) {
            reports = all.filter(file -> file.getFileName().toString().startsWith("error-"))
                    .sorted(Comparator.comparingLong(file -> file.toFile().lastModified()))
                    .toList();
        }
        for (Path old : reports.subList(0, Math.max(0, reports.size() - count))) Files.deleteIfExists(old);
    }

    private ExitCode say(ExitCode code, String message) {
        context.console().note("redoubt: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        return code;
    }

    private static String usage(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        String hint = "";
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty())
            hint = ", did you mean " + unmatched.getSuggestions().getFirst() + "?";
        return text(e) + hint + " (" + command + " --help lists what there is)";
    }

    private static String text(Exception e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    /// A fault of ours: the caller gets an id, the file has the rest.
    private ExitCode unexpected(Throwable failure) {
        byte[] random = new byte[4];
        new SecureRandom().nextBytes(random);
        String id = HexFormat.of().formatHex(random);
        Path logs = context.home().root().resolve("logs");
        Path file = logs.resolve("error-" + id + ".log");
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        try {
            keepNewest(logs, REPORTS_MAX - 1);
            DurableFiles.replace(file, trace.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            return say(ExitCode.INTERNAL, "internal error " + id + ": REDOUBT_DEBUG=1 shows more");
        }
        return say(ExitCode.INTERNAL, "internal error " + id + ": see " + file);
    }
}
