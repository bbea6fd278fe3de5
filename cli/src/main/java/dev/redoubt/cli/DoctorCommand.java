package dev.redoubt.cli;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Providers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// What this machine offers and what the product makes of it.
@Command(name = "doctor", description = "Show what this machine offers: kernels and why, processors, memory, limits.")
final class DoctorCommand implements Callable<Integer> {
    private final Context context;

    DoctorCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        Table table = new Table("WHAT", "HERE");
        table.row("java", Runtime.version().toString());
        table.row("processor", field("/proc/cpuinfo", "model name"));
        table.row("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        try (Compute compute = Compute.open("auto", 1, 1, 32)) {
            table.row("kernels in use", compute.description());
        }
        table.row("native kernels", Providers.nativeKernels());
        table.row("memory available", field("/proc/meminfo", "MemAvailable"));
        table.row("swap", field("/proc/meminfo", "SwapTotal"));
        table.row("memory lock limit", field("/proc/self/limits", "Max locked memory"));
        table.row("home", context.home().root().toString());
        table.print(context.console().out());
        return ExitCode.OK.code();
    }

    /// What stands behind a name in one of the system's files.
    private static String field(String file, String name) {
        try {
            for (String line : Files.readAllLines(Path.of(file))) {
                if (!line.startsWith(name)) continue;
                return line.substring(name.length())
                        .replaceFirst("^[\\s:]+", "")
                        .replaceAll("\\s+", " ")
                        .strip();
            }
            return "unknown";
        } catch (IOException absent) {
            return "unknown";
        }
    }
}
