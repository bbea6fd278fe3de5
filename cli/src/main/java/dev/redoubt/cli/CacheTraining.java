package dev.redoubt.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/// Trains the JDK's AOT cache once after a build: a second process, at the lowest priority, does what a server does (the hidden
/// command `warm-up`) while the JVM records which classes were loaded and linked. The next start then takes them from the cache.
final class CacheTraining {
    /* The launcher names the cache's file in redoubt.aot. Only a complete cache is renamed to it, the JVM checks that it fits its
     * own version, flags and jars, and ignores it otherwise: a cache can make a start faster and never break one. */
    private CacheTraining() {}

    /// Starts the training if the launcher asks for a cache and there is none. Ends with this process at the latest.
    static void afterReady(Context context, String model) {
        String wanted = System.getProperty("redoubt.aot");
        if (wanted == null) return;
        Path cache = Path.of(wanted);
        if (Files.exists(cache)) return;
        Path partial = cache.resolveSibling(cache.getFileName() + "." + ProcessHandle.current().pid());
        try {
            Files.createDirectories(cache.toAbsolutePath().getParent());
            Process training = new ProcessBuilder(command(partial, model))
                    .redirectErrorStream(true)
                    .redirectOutput(new File("/dev/null"))
                    .redirectInput(new File("/dev/null"))
                    .start();
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop-training").unstarted(() -> {
                training.descendants().forEach(ProcessHandle::destroyForcibly);
                training.destroyForcibly();
                partial.toFile().delete();
            }));
            training.onExit().thenAccept(process -> publish(process.exitValue(), partial, cache));
        } catch (IOException e) {
            context.console().note("redoubt: no AOT cache, the next start is as slow as this one: " + e.getMessage());
        }
    }

    private static void publish(int exitValue, Path partial, Path cache) {
        try {
            if (exitValue == 0 && Files.exists(partial)) Files.move(partial, cache, StandardCopyOption.ATOMIC_MOVE);
            else Files.deleteIfExists(partial);
        } catch (IOException e) {
            partial.toFile().delete();
        }
    }

    /// This JVM's own command line with another main command: the cache must be trained with the flags it is used with.
    private static List<String> command(Path partial, String model) throws IOException {
        ProcessHandle.Info self = ProcessHandle.current().info();
        String java = self.command().orElseThrow(() -> new IOException("the JVM's own path is unknown"));
        String[] arguments = self.arguments().orElseThrow(() -> new IOException("the JVM's own flags are unknown"));
        List<String> command = new ArrayList<>(List.of(
                "nice", "-n", "19", java, "-XX:AOTCacheOutput=" + partial, "-Xlog:aot=off"));
        for (String argument : arguments) {
            if (argument.startsWith("-XX:AOT")) continue;
            command.add(argument);
            if (argument.startsWith("dev.redoubt.cli/")) break;
        }
        command.addAll(List.of("warm-up", "--model", model));
        return command;
    }
}
