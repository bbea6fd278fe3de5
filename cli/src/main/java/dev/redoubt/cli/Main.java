package dev.redoubt.cli;

import dev.redoubt.base.Home;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The command line's entry: the list of commands, and where every failure becomes one line and an exit code.
@Command(name = "redoubt", description = "Secure-by-default model serving.")
public final class Main implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show what this command takes.")
    private boolean help;

    private Main() {}

    public static void main(String[] args) {
        Home home = Home.of(System.getenv(), System.getProperty("user.home"));
        System.exit(execute(new Context(home, Console.ofProcess()), args));
    }

    /// Runs one command.
    ///
    /// @return the exit code
    static int execute(Context context, String... args) {
        Failures failures = new Failures(context);
        return new CommandLine(new Main())
                .addSubcommand(new ServeCommand(context))
                .addSubcommand(new RunCommand(context))
                .addSubcommand(new ChatCommand(context))
                .addSubcommand(ModelsCommand.line(context))
                .addSubcommand(KeysCommand.line(context))
                .addSubcommand(EvalCommand.line(context))
                .addSubcommand(new BenchCommand(context))
                .addSubcommand(new DoctorCommand(context))
                .addSubcommand(new VersionCommand(context))
                .addSubcommand(new WarmUpCommand(context))
                .setOut(context.console().outWriter())
                .setErr(context.console().errWriter())
                .setUsageHelpWidth(120)
                .setParameterExceptionHandler((e, _) -> failures.report(e))
                .setExecutionExceptionHandler((e, _, _) -> failures.report(e))
                .execute(args);
    }

    /// `redoubt` alone: what there is.
    @Override
    public void run() {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        line.usage(line.getErr());
    }
}
