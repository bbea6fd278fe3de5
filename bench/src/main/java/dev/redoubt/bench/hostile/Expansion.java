package dev.redoubt.bench.hostile;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// Writes out a case that its corpus describes by a recipe: parts of a huge file, or what cannot be stored in
/// a folder (links, pipes, odd names).
final class Expansion {
    /* Everything is written below one folder of the case's own. A recipe is data from outside too: a path that leads elsewhere
     * fails. Repeated zeros become a hole, so that a file of gigabytes takes no room. */
    private static final int BLOCK = 64 << 10;

    private final Path corpus;
    private final Path root;

    /// @param root an empty folder
    Expansion(Path corpus, Path root) {
        this.corpus = corpus;
        this.root = root.toAbsolutePath().normalize();
    }

    /// The case's file or folder: where it is stored if it has no recipe.
    Path path(HostileCase hostile) throws IOException {
        Path stored = corpus.resolve(hostile.text("path"));
        JsonNode recipe = hostile.fields().path("recipe");
        if (recipe.isMissingNode()) return stored;
        Path target = inside(root.resolve(hostile.text("path")));
        Files.createDirectories(Objects.requireNonNull(target.getParent()));
        if (recipe.has("parts")) {
            parts(target, recipe.path("parts"));
            return target;
        }
        Files.createDirectories(target);
        if (Files.isDirectory(stored)) copy(stored, target);
        for (JsonNode op : recipe.path("ops")) carryOut(target, op);
        return target;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> walk = Files.walk(from)) {
            for (Path source : (Iterable<Path>) walk::iterator) {
                Path target = to.resolve(from.relativize(source));
                if (Files.isDirectory(source, LinkOption.NOFOLLOW_LINKS)) Files.createDirectories(target);
                else Files.copy(source, target, LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    private void carryOut(Path folder, JsonNode op) throws IOException {
        Path at = inside(folder.resolve(op.path("at").asString("")));
        Files.createDirectories(Objects.requireNonNull(at.getParent()));
        String kind = op.path("op").asString("");
        if (!kind.equals("copy")) Files.deleteIfExists(at);
        switch (kind) {
            case "write" -> Files.writeString(at, op.path("utf8").asString(""));
            case "copy" ->
                Files.copy(corpus.resolve(op.path("from").asString("")), at, StandardCopyOption.REPLACE_EXISTING);
            case "symlink" -> Files.createSymbolicLink(at, Path.of(op.path("to").asString("")));
            case "hardlink" ->
                Files.createLink(at, inside(folder.resolve(op.path("to").asString(""))));
            case "fifo" -> makePipe(at);
            case "parts" -> parts(at, op.path("parts"));
            default -> throw new IOException("unknown op '" + kind + "' in a recipe");
        }
    }

    private Path inside(Path path) throws IOException {
        Path normal = path.toAbsolutePath().normalize();
        if (!normal.startsWith(root)) throw new IOException("a recipe leads out of its folder: " + path);
        return normal;
    }

    private static void makePipe(Path at) throws IOException {
        Process tool = new ProcessBuilder("mkfifo", at.toString()).start();
        try {
            if (!tool.waitFor(10, TimeUnit.SECONDS) || tool.exitValue() != 0) throw new IOException("mkfifo failed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            tool.destroyForcibly();
        }
    }

    private static void parts(Path target, JsonNode parts) throws IOException {
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (JsonNode part : parts) part(file, part);
        }
    }

    private static void part(FileChannel file, JsonNode part) throws IOException {
        if (part.has("hex")) {
            write(file, HexFormat.of().parseHex(part.path("hex").asString("")), 1);
        } else if (part.has("utf8")) {
            write(file, utf8(part.path("utf8")), 1);
        } else if (part.has("counter")) {
            counted(file, part);
        } else {
            byte[] unit = part.has("repeat_hex")
                    ? HexFormat.of().parseHex(part.path("repeat_hex").asString(""))
                    : utf8(part.path("repeat_utf8"));
            write(file, unit, part.path("times").asLong(0));
        }
    }

    private static byte[] utf8(JsonNode text) {
        return text.asString("").getBytes(StandardCharsets.UTF_8);
    }

    /// The same text with a number that counts, as C's printf would write it.
    private static void counted(FileChannel file, JsonNode part) throws IOException {
        String format = part.path("counter").asString("");
        byte[] between = utf8(part.path("between"));
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file), BLOCK);
        int from = part.path("from").asInt(0);
        for (int i = from; i < part.path("to").asInt(0); i++) {
            if (i > from) out.write(between);
            out.write(format.formatted(i).getBytes(StandardCharsets.UTF_8));
        }
        out.flush();
    }

    private static void write(FileChannel file, byte[] unit, long times) throws IOException {
        boolean zeros = unit.length > 0;
        for (byte b : unit) zeros &= b == 0;
        if (zeros) {
            hole(file, Math.multiplyExact(times, unit.length));
            return;
        }
        OutputStream out = Channels.newOutputStream(file);
        int perBlock = Math.max(1, BLOCK / Math.max(1, unit.length));
        byte[] block = new byte[(int) Math.min(perBlock, times) * unit.length];
        for (int i = 0; i < block.length; i++) block[i] = unit[i % unit.length];
        for (long left = times * unit.length; left > 0; left -= Math.min(left, block.length))
            out.write(block, 0, (int) Math.min(left, block.length));
    }

    private static void hole(FileChannel file, long bytes) throws IOException {
        if (bytes == 0) return;
        long end = Math.addExact(file.position(), bytes);
        file.position(end - 1);
        Channels.newOutputStream(file).write(0);
    }
}
