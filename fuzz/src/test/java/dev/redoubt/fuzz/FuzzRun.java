package dev.redoubt.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A run of Jazzer over one target, in a process of its own. What it has learnt stays in a corpus and is where
/// the next run begins.
final class FuzzRun {
    private static final Pattern EXECUTIONS = Pattern.compile("^#(\\d+)\\s");
    private static final int HEAP_MIB = 1500;
    private static final int PROCESS_MIB = 3000;
    private static final int INPUT_BYTES_MAX = 16_384;
    private static final int SECONDS_OF_ONE_INPUT_MAX = 10;

    private final Target target;
    private final Path resources;
    private final Path folder;

    /// @param executions inputs that were run
    /// @param findings files with inputs that broke a promise
    record Result(long executions, List<Path> findings) {}

    /// @param resources with a folder for each target
    /// @param folder for the corpora and findings of all targets
    FuzzRun(Target target, Path resources, Path folder) {
        this.target = target;
        this.resources = resources;
        this.folder = folder.resolve(target.title());
    }

    /// @param output every line of it
    Result run(Duration duration, Consumer<String> output) throws IOException, InterruptedException {
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        Path findings = Files.createDirectories(folder.resolve("findings"));
        Process process = new ProcessBuilder(command(duration, corpus, findings))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        long executions = 0;
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.accept(line);
                Matcher counted = EXECUTIONS.matcher(line);
                if (counted.find()) executions = Long.parseLong(counted.group(1));
            }
        }
        int status = process.waitFor();
        List<Path> found = files(findings);
        if (status != 0 && found.isEmpty())
            throw new IOException("Jazzer ended with status " + status + " and left no input: its output says why");
        return new Result(executions, found);
    }

    private List<String> command(Duration duration, Path corpus, Path findings) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + HEAP_MIB + "m",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.type().getName(),
                "--instrumentation_includes=dev.redoubt.**",
                "--custom_hook_includes=dev.redoubt.**"));
        command.addAll(List.of(
                "-max_total_time=" + duration.toSeconds(),
                "-max_len=" + INPUT_BYTES_MAX,
                "-timeout=" + SECONDS_OF_ONE_INPUT_MAX,
                "-rss_limit_mb=" + PROCESS_MIB,
                "-dict=" + dictionary(),
                "-artifact_prefix=" + findings + "/",
                corpus.toString(),
                seeds().toString()));
        return command;
    }

    Path dictionary() {
        return resources.resolve(target.title()).resolve("dictionary");
    }

    Path seeds() {
        return resources.resolve(target.title()).resolve("seeds");
    }

    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /// Arguments: target, minutes, resources, folder.
    public static void main(String[] args) throws IOException, InterruptedException {
        Target target = Target.find(args[0]).orElse(null);
        if (target == null) {
            System.err.println("redoubt: no target is named " + args[0] + ", there are "
                    + String.join(
                            ", ",
                            Arrays.stream(Target.values()).map(Target::title).toList()));
            System.exit(64);
            return;
        }
        FuzzRun run = new FuzzRun(target, Path.of(args[2]), Path.of(args[3]));
        Result result = run.run(Duration.ofMinutes(Long.parseLong(args[1])), System.out::println);
        for (Path finding : result.findings()) System.out.println("finding: " + finding);
        System.out.println(target.title() + ": " + result.executions() + " executions, "
                + result.findings().size() + " findings");
        System.exit(result.findings().isEmpty() ? 0 : 1);
    }
}
