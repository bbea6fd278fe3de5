package dev.redoubt.cli.evidence;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// SHA-256 in lower-case hex.
final class Digests {
    private Digests() {}

    static String of(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// Of everything this process is made of: over the lines `DIGEST  NAME` of its jars and class files, sorted, as
    /// sha256sum writes them.
    static String ofBuild() throws IOException {
        TreeSet<String> lines = new TreeSet<>();
        for (Path part : parts()) {
            if (Files.isDirectory(part)) {
                try (Stream<Path> files = Files.walk(part)) {
                    for (Path file : files.filter(Files::isRegularFile).toList())
                        lines.add(line(file, part.relativize(file).toString()));
                }
            } else if (Files.isRegularFile(part)) lines.add(line(part, String.valueOf(part.getFileName())));
        }
        return of((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static String line(Path file, String name) throws IOException {
        return of(Files.readAllBytes(file)) + "  " + name;
    }

    /// The folders of what is on the module path, since the JVM's image holds the rest of what lies there, and the
    /// class path.
    private static Set<Path> parts() {
        Set<Path> parts = new LinkedHashSet<>();
        for (String part : parts("jdk.module.path")) {
            Path path = Path.of(part).toAbsolutePath();
            Path folder = path.getParent();
            parts.add(Files.isRegularFile(path) && folder != null ? folder : path);
        }
        for (String part : parts("java.class.path")) parts.add(Path.of(part));
        return parts;
    }

    private static List<String> parts(String property) {
        return Stream.of(System.getProperty(property, "").split(File.pathSeparator))
                .filter(part -> !part.isEmpty())
                .toList();
    }
}
