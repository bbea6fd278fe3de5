package dev.redoubt.serve.worker;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;

/// A JVM that runs a main class of these tests with the product's modules, as this one does.
final class TestJvm {
    private TestJvm() {}

    static List<String> command(Class<?> main) throws URISyntaxException {
        Path tests = Path.of(main.getResource(main.getSimpleName() + ".class").toURI());
        for (String ignored : main.getName().split("\\.")) tests = tests.getParent();
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
