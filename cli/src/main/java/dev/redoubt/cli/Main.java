package dev.redoubt.cli;

import dev.redoubt.base.Home;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
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

    @Option(names = "--version", description = "As the command version.")
    private boolean version;

    private final Context context;

    private Main(Context context) {
        this.context = context;
    }

    public static void main(String[] args) {
        Home home = Home.of(System.getenv(), System.getProperty("user.home"));
        System.exit(execute(new Context(home, Console.ofProcess()), args));
    }

    /// Runs one command.
    ///
    /// @return the exit code
    static int execute(Context context, String... args) {
        Failures failures = new Failures(context);
        try {
            return execute(context, failures, args);
        } catch (Error e) { // picocli hands exceptions to its handler, and a process would outlive its main thread
            return failures.report(e, "");
        }
    }

    private static int execute(Context context, Failures failures, String... args) {
        CommandLine line = new CommandLine(new Main(context));
        addCommands(line, context, args.length == 0 ? "" : args[0]);
        return line.setOut(context.console().outWriter())
                .setErr(context.console().errWriter())
                .setUsageHelpWidth(120)
                .setParameterExceptionHandler((e, _) -> failures.report(e, ""))
                .setExecutionExceptionHandler((e, command, _) ->
                        failures.report(e, command.getCommandSpec().qualifiedName()))
                .execute(args);
    }

    /// Reading what a command takes is most of the time before it runs: so of all there are only the one that
    /// is asked for, if there is one of that name.
    private static void addCommands(CommandLine line, Context context, String asked) {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("serve", () -> new ServeCommand(context));
        commands.put("check", () -> new CheckCommand(context));
        commands.put("run", () -> new RunCommand(context));
        commands.put("chat", () -> new ChatCommand(context));
        commands.put("models", () -> ModelsCommand.line(context));
        commands.put("keys", () -> KeysCommand.line(context));
        commands.put("rules", () -> new RulesCommand(context));
        commands.put("audit-log", () -> AuditLogCommand.line(context));
        commands.put("audit", () -> AuditCommand.line(context));
        commands.put("import", () -> new ImportCommand(context));
        commands.put("deploy", () -> new DeployCommand(context));
        commands.put("delete", () -> new ApplicationCommands.Delete(context));
        commands.put("rollback", () -> new ApplicationCommands.Rollback(context));
        commands.put("scale", () -> new ApplicationCommands.Scale(context));
        commands.put("status", () -> new StatusCommand(context));
        commands.put("logs", () -> new LogsCommand(context));
        commands.put("cache", () -> CacheCommand.line(context));
        commands.put("dev-cert", () -> new DevCertCommand(context));
        commands.put("quantize", () -> new QuantizeCommand(context));
        commands.put("eval", () -> EvalCommand.line(context));
        commands.put("bench", () -> new BenchCommand(context));
        commands.put("doctor", () -> new DoctorCommand(context));
        commands.put("version", () -> new VersionCommand(context));
        commands.put("warm-up", () -> new WarmUpCommand(context));
        Supplier<Object> only = commands.get(asked);
        if (only == null) commands.forEach((name, command) -> line.addSubcommand(name, command.get()));
        else line.addSubcommand(asked, only.get());
    }

    /// `redoubt` alone: what there is.
    @Override
    public void run() {
        if (version) {
            Integer ignored = new VersionCommand(context).call();
            return;
        }
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        line.usage(line.getErr());
    }
}
