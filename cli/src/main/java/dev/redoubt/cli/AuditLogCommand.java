package dev.redoubt.cli;

import dev.redoubt.policy.audit.AuditReader;
import dev.redoubt.policy.audit.AuditRecord;
import dev.redoubt.policy.audit.AuditVerifier;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The audit log, for those who look at it. All of it works beside a running server and changes nothing.
final class AuditLogCommand {
    private static final int LINES_MAX = 100_000;

    private AuditLogCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview())
                .addSubcommand(new Verify(context))
                .addSubcommand(new Tail(context))
                .addSubcommand(new Export(context))
                .addSubcommand(new PublicKey(context));
    }

    @Command(name = "audit-log", description = "Verify, show and export the audit log.")
    private static final class Overview extends CommandGroup {}

    @Command(
            name = "verify",
            description =
                    "Look for records that were changed, removed, inserted or moved. Exit code 78: there are some.")
    private static final class Verify implements Callable<Integer> {
        private final Context context;

        @Option(
                names = "--public-key",
                paramLabel = "FILE",
                description = "The key that must have signed the head, PEM. Default: that of this home.")
        private @Nullable Path publicKey;

        Verify(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            AuditVerifier.Report report = AuditVerifier.verify(context.home(), Optional.ofNullable(publicKey));
            for (AuditVerifier.Problem problem : report.problems())
                context.console().note(line(problem));
            if (report.torn() > 0)
                context.console()
                        .note(report.torn() + " bytes at the end are half a record, whose writer died before it was"
                                + " acknowledged: the next record will tell of them");
            if (!report.problems().isEmpty()) return ExitCode.REFUSED.code();
            context.console().out().println(line(report));
            return ExitCode.OK.code();
        }

        private static String line(AuditVerifier.Problem problem) {
            String place = problem.file() + (problem.line() > 0 ? ":" + problem.line() : "");
            return Refusal.line(
                    "R1.8",
                    "\"" + problem.what() + ", " + place + "\"",
                    "what was written",
                    "keep the folder as it is: it shows what was done to it");
        }

        private static String line(AuditVerifier.Report report) {
            if (report.records() == 0) return "no records yet";
            return report.records() + " records in " + report.segments() + " files, as they were written; the last is "
                    + report.head() + " sha256:" + report.hash() + ", signed up to " + report.signed();
        }
    }

    @Command(name = "tail", description = "Show the newest records.")
    private static final class Tail implements Callable<Integer> {
        private static final int POLL_MILLIS = 250;

        private final Context context;

        @Option(names = "-n", paramLabel = "N", description = "How many. Default: ${DEFAULT-VALUE}.")
        private int count = 20;

        @Option(names = "-f", description = "Go on with those that come, until Ctrl-C.")
        private boolean follow;

        Tail(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (count < 0 || count > LINES_MAX)
                throw new CommandFailure(
                        ExitCode.USAGE, "-n is " + count + ", allowed is 0 to " + LINES_MAX + ": give another");
            AuditReader.Tail tail = AuditReader.tail(context.home(), count);
            try (AuditReader reader = tail.reader()) {
                tail.records().forEach(this::print);
                while (follow) {
                    for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next())
                        print(next.get());
                    Thread.sleep(POLL_MILLIS);
                }
            }
            return ExitCode.OK.code();
        }

        private void print(AuditRecord record) {
            String count = record.count() == 1 ? "" : "  ×" + record.count();
            context.console()
                    .out()
                    .println(List.of(
                                            "seq",
                                            "time",
                                            "kind",
                                            "actor",
                                            "application",
                                            "subject",
                                            "rule",
                                            "outcome",
                                            "request_id")
                                    .stream()
                                    .map(record::get)
                                    .map(value -> value.isEmpty() ? "-" : value)
                                    .collect(Collectors.joining("  "))
                            + count);
        }
    }

    @Command(name = "export", description = "Print records as JSON lines, as they stand in the log, or as CSV.")
    private static final class Export implements Callable<Integer> {
        private final Context context;

        @Option(
                names = "--since",
                paramLabel = "WHEN",
                description = "A date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z. Default: all.")
        private @Nullable String since;

        @Option(names = "--until", paramLabel = "WHEN", description = "As --since; what is from then on is left out.")
        private @Nullable String until;

        @Option(names = "--csv", description = "Comma-separated values with a header line.")
        private boolean csv;

        Export(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            Instant from = since == null ? Instant.MIN : Times.at("--since", since);
            Instant to = until == null ? Instant.MAX : Times.at("--until", until);
            PrintStream out = context.console().out();
            if (csv) out.println(String.join(",", AuditRecord.FIELDS));
            try (AuditReader reader = AuditReader.open(context.home())) {
                for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                    AuditRecord record = next.get();
                    if (record.time().isBefore(from) || !record.time().isBefore(to)) continue;
                    out.println(csv ? csv(record) : record.line());
                }
            }
            return ExitCode.OK.code();
        }

        private static String csv(AuditRecord record) {
            return record.values().stream()
                    .map(value -> "\"" + value.replace("\"", "\"\"") + "\"")
                    .collect(Collectors.joining(","));
        }
    }

    @Command(name = "public-key", description = "Print the key that heads of this log are signed with, PEM.")
    private static final class PublicKey implements Callable<Integer> {
        private final Context context;

        PublicKey(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            String pem = AuditVerifier.publicKey(context.home())
                    .orElseThrow(() -> new CommandFailure(
                            ExitCode.NO_INPUT,
                            context.home().auditKey()
                                    + " does not exist: it is made with the first record, such as that of a start"));
            context.console().out().print(pem);
            context.console().out().flush();
            return ExitCode.OK.code();
        }
    }
}
