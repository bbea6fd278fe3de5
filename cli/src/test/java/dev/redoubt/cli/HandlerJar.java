package dev.redoubt.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/// A jar as a team makes it.
///
/// @param digest `sha256:` and the hash
record HandlerJar(Path path, String digest) {
    /// @param type the name of the class, in the package `team`
    static HandlerJar compiled(Path folder, String name, String type, String source) throws IOException {
        Path file = Files.createDirectories(folder.resolve(name + "/src/team")).resolve(type + ".java");
        Files.writeString(file, "package team;\n" + source);
        return of(folder, name, List.of(file));
    }

    /// @param resources files that go into the jar's root
    static HandlerJar of(Path folder, String name, List<Path> sources, Path... resources) throws IOException {
        Path root = folder.resolve(name);
        Path classes = Files.createDirectories(root.resolve("classes"));
        List<String> arguments = new ArrayList<>(
                List.of("-proc:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path")));
        for (Path source : sources) arguments.add(source.toString());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int code = compiler.run(null, null, null, arguments.toArray(String[]::new));
        if (code != 0) throw new IllegalStateException("the handlers do not compile");
        for (Path resource : resources) Files.copy(resource, classes.resolve(resource.getFileName()));
        Path jar = root.resolve(name + ".jar");
        pack(classes, jar);
        return new HandlerJar(jar, digest(Files.readAllBytes(jar)));
    }

    private static void pack(Path classes, Path jar) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(classes)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out)) {
            for (Path file : files) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
    }

    /// As a configuration states it.
    static String digest(byte[] bytes) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
