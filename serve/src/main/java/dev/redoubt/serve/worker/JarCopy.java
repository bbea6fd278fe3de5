package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The jar of a deployment, compared with its digest while it is copied: what is loaded are the bytes that were
/// hashed, whatever happens to the file they came from (R1.6).
final class JarCopy {
    /// Settings of a runtime: an absolute path, and the SHA-256 of what must be there, in hex.
    static final String JAR = "jar";

    static final String DIGEST = "sha256";
    private static final long BYTES_MAX = 1L << 30;

    private JarCopy() {}

    /// @return the copy, read-only
    /// @throws RuntimeRefusal if there is no such file, it is too large, its digest is another, or the copy cannot
    ///     be written
    static Path of(RuntimeSpec runtime, Path folder) throws RuntimeRefusal {
        String jar = setting(runtime, JAR);
        String wanted = setting(runtime, DIGEST);
        Path copy = folder.resolve("application.jar");
        try (OutputStream out = Files.newOutputStream(copy, StandardOpenOption.CREATE_NEW)) {
            compare(jar, wanted, out);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("r--------"));
            return copy;
        } catch (IOException e) {
            throw new RuntimeRefusal(
                    "the jar " + jar + " cannot be copied to " + folder + ": " + reason(e)
                            + ": make room on that disk, and check the folder's owner and mode",
                    e);
        }
    }

    /// Whether the jar is there and has its digest.
    ///
    /// @throws RuntimeRefusal as [#of]
    static void check(RuntimeSpec runtime) throws RuntimeRefusal {
        try {
            compare(setting(runtime, JAR), setting(runtime, DIGEST), OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new AssertionError("what goes nowhere can be written", e);
        }
    }

    /// @throws IOException if `out` cannot be written
    private static void compare(String jar, String wanted, OutputStream out) throws IOException, RuntimeRefusal {
        String digest = copy(jar, out);
        if (!digest.equals(wanted))
            throw new RuntimeRefusal("the jar " + jar + " has the digest " + digest + ", allowed is " + wanted
                    + " (R1.6): deploy the jar that was meant, or name the digest of this one");
    }

    private static RuntimeRefusal unreadable(Path jar, IOException e) {
        return new RuntimeRefusal(
                "the jar " + jar + " cannot be read: " + e.getClass().getSimpleName(), e);
    }

    /// A system's error has no class of its own: its words say what it is.
    private static String reason(IOException e) {
        return e.getClass().equals(IOException.class)
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName();
    }

    private static String setting(RuntimeSpec runtime, String name) throws RuntimeRefusal {
        String value = runtime.settings().get(name);
        if (value == null)
            throw new RuntimeRefusal("a runtime of kind '" + runtime.kind() + "' in a worker process has no '" + name
                    + "': name the jar and its SHA-256");
        return value;
    }

    private static String copy(String jar, OutputStream out) throws IOException, RuntimeRefusal {
        MessageDigest digest = sha256();
        if (jar.indexOf('\0') >= 0) throw new RuntimeRefusal("the jar's path is none: name the file");
        return copy(Path.of(jar), digest, out);
    }

    private static String copy(Path jar, MessageDigest digest, OutputStream out) throws IOException, RuntimeRefusal {
        long bytes = 0;
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = opened(jar)) {
            for (int count = read(jar, in, buffer); count >= 0; count = read(jar, in, buffer)) {
                bytes += count;
                if (bytes > BYTES_MAX)
                    throw new RuntimeRefusal("the jar " + jar + " has over " + BYTES_MAX + " bytes: make it smaller");
                digest.update(buffer, 0, count);
                out.write(buffer, 0, count);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static InputStream opened(Path jar) throws RuntimeRefusal {
        try { // looked at before it is opened, which may wait for ever
            if (!Files.readAttributes(jar, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isRegularFile())
                throw new RuntimeRefusal("the jar " + jar + " is no regular file: name the file itself");
            return Files.newInputStream(jar, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw unreadable(jar, e);
        }
    }

    private static int read(Path jar, InputStream in, byte[] buffer) throws RuntimeRefusal {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw unreadable(jar, e);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
