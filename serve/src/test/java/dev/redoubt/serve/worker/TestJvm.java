package dev.redoubt.serve.worker;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/// A JVM that runs a main class of these tests with the product's modules, as this one does.
final class TestJvm {
    private TestJvm() {}

    static List<String> command(Class<?> main) throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(main.getResource(main.getSimpleName() + ".class"))
                .toURI());
        Path tests = Objects.requireNonNull(file.getRoot())
                .resolve(file.subpath(0, file.getNameCount() - main.getName().split("\\.").length));
        String module = WorkerMain.class.getModule().getName();
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-Djdk.serialFilter=!*",
                "--enable-native-access=" + module,
                "-p",
                System.getProperty("jdk.module.path"),
                "--patch-module",
                module + "=" + tests,
                "-m",
                module + "/" + main.getName());
    }
}
