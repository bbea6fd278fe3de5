package dev.redoubt.cli;

import dev.redoubt.kernels.Compute;
import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// What runs here.
@Command(name = "version", description = "Show the version, the Java it runs on and the kernels it would use.")
final class VersionCommand implements Callable<Integer> {
    private final Context context;

    VersionCommand(Context context) {
        this.context = context;
    }

    /// Of the packaged module; `unknown` on a class path.
    static String version() {
        return Optional.ofNullable(VersionCommand.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("unknown");
    }

    @Override
    public Integer call() {
        context.console().out().println("redoubt " + version());
        context.console().out().println("java " + Runtime.version());
        try (Compute compute = Compute.open("auto", 1, 1, 32)) {
            context.console().out().println("kernels " + compute.description());
        }
        return ExitCode.OK.code();
    }
}
