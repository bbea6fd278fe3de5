package dev.redoubt.bench.kernels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What the machine can do at most, measured by a C program that does nothing else: `limits.c`.
///
/// @param int8 10⁹ multiply-adds per second of bytes, all threads
/// @param f32 of floats
/// @param reads GB/s of a plain read, by bytes
record Limits(double int8, double f32, Map<Long, Double> reads) {
    /// Empty where there is no C compiler.
    static Optional<Limits> measure(Path source, int threads, Set<Long> bytes) {
        try {
            Path program = Files.createTempFile("redoubt-limits", "");
            try {
                String compiled = output(List.of(
                        "cc",
                        "-std=c17",
                        "-O2",
                        "-march=native",
                        source.toString(),
                        "-o",
                        program.toString(),
                        "-lpthread"));
                if (!compiled.isEmpty()) System.err.print(compiled);
                List<String> command = new ArrayList<>(List.of(program.toString(), Integer.toString(threads)));
                bytes.forEach(each -> command.add(Long.toString(each)));
                return Optional.of(parse(output(command)));
            } finally {
                Files.deleteIfExists(program);
            }
        } catch (IOException absent) {
            System.err.println("no limits: " + absent.getMessage());
            return Optional.empty();
        }
    }

    private static Limits parse(String lines) {
        double int8 = 0;
        double f32 = 0;
        Map<Long, Double> reads = new HashMap<>();
        for (String line : lines.lines().toList()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "int8" -> int8 = Double.parseDouble(words[1]);
                case "f32" -> f32 = Double.parseDouble(words[1]);
                default -> reads.put(Long.parseLong(words[1]), Double.parseDouble(words[2]));
            }
        }
        return new Limits(int8, f32, Map.copyOf(reads));
    }

    private static String output(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) throw new IOException(command.getFirst() + " failed: " + text);
        } catch (InterruptedException interrupted) {
            throw new UncheckedIOException(new IOException(interrupted));
        }
        return text;
    }
}
