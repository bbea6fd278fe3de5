package dev.redoubt.serve.replica;

import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/// The one file that a deployment is made of, and what must be in it. It is compared while it is copied: what is used
/// are the bytes that were hashed, whatever happens to the file they came from (R1.6).
///
/// @param setting of the runtime that names it: what it is called in refusals
/// @param digest its SHA-256 in hex
/// @param bytesMax what it may have at most
public record Artifact(String setting, Path file, String digest, long bytesMax) {
    private static final String ALGORITHM = "sha256:";

    /// As a runtime's settings name it.
    ///
    /// @param digest the setting that has its SHA-256 in hex, with `sha256:` before it or without
    /// @return empty if they do not
    public static Optional<Artifact> of(RuntimeSpec runtime, String setting, String digest, long bytesMax) {
        Map<String, String> settings = runtime.settings();
        String file = settings.get(setting);
        String stated = settings.get(digest);
        if (file == null || stated == null || file.indexOf('\0') >= 0) return Optional.empty();
        String hex = stated.startsWith(ALGORITHM) ? stated.substring(ALGORITHM.length()) : stated;
        return Optional.of(new Artifact(setting, Path.of(file), hex, bytesMax));
    }

    /// The same in another place.
    public Artifact at(Path place) {
        return new Artifact(setting, place, digest, bytesMax);
    }

    /// @throws RuntimeRefusal if there is no such file, it is too large, or its digest is another
    public void check() throws RuntimeRefusal {
        try {
            copy(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new AssertionError("what goes nowhere can be written", e);
        }
    }

    /// @throws RuntimeRefusal as [#check]; what was written by then is of no use
    /// @throws IOException if `out` cannot be written
    public void copy(OutputStream out) throws IOException, RuntimeRefusal {
        MessageDigest sha256 = sha256();
        copy(sha256, out);
        String found = HexFormat.of().formatHex(sha256.digest());
        if (!found.equals(digest))
            throw new RuntimeRefusal(called() + " has the digest " + found + ", allowed is " + digest
                    + " (R1.6): deploy the " + setting + " that was meant, or name the digest of this one");
    }

    /// A copy that cannot be written is not the file's fault.
    public RuntimeRefusal notCopied(Path folder, IOException cause) {
        return new RuntimeRefusal(
                called() + " cannot be copied to " + folder + ": " + reason(cause)
                        + ": make room on that disk, and check the folder's owner and mode",
                cause);
    }

    private String called() {
        return "the " + setting + " " + file;
    }

    /// A system's error has no class of its own: its words say what it is.
    private static String reason(IOException e) {
        if (e instanceof FileSystemException known && known.getReason() != null) return known.getReason();
        return e.getClass().equals(IOException.class)
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName();
    }

    private void copy(MessageDigest sha256, OutputStream out) throws IOException, RuntimeRefusal {
        long bytes = 0;
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = opened()) {
            for (int count = read(in, buffer); count >= 0; count = read(in, buffer)) {
                bytes += count;
                if (bytes > bytesMax)
                    throw new RuntimeRefusal(called() + " has over " + bytesMax + " bytes: make it smaller");
                sha256.update(buffer, 0, count);
                out.write(buffer, 0, count);
            }
        }
    }

    private InputStream opened() throws RuntimeRefusal {
        try { // looked at before it is opened, which may wait for ever
            if (!Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isRegularFile()) throw new RuntimeRefusal(called() + " is no regular file: name the file itself");
            return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private int read(InputStream in, byte[] buffer) throws RuntimeRefusal {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private RuntimeRefusal unreadable(IOException e) {
        return new RuntimeRefusal(called() + " cannot be read: " + e.getClass().getSimpleName(), e);
    }

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
