package dev.redoubt.gateway;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;

/// The file of the admin listener's Unix domain socket.
final class AdminSocket {
    /* A socket is made with the mode that the process happens to give, and could be opened before that is corrected. So it is made in a
     * folder of mode 0700, gets mode 0600 there, and is then renamed to where it is looked for; which replaces what a killed
     * server has left, in one step. */
    private static final int PATH_BYTES_MAX = 107; // of the system, without the NUL

    private final Path path;
    private final Path folder;

    /// Nothing is made yet.
    ///
    /// @return empty where administration listens elsewhere
    /// @throws AdminException see the constructor
    static Optional<AdminSocket> of(Optional<AdminOptions> options) throws IOException {
        return options.isPresent() && options.get().address() instanceof AdminAddress.UnixSocket unix
                ? Optional.of(new AdminSocket(unix.path()))
                : Optional.empty();
    }

    /// @throws AdminException if there is no room for the path, something else lies there, or another server listens
    private AdminSocket(Path path) throws IOException {
        this.path = path;
        this.folder = Objects.requireNonNull(path.toAbsolutePath().getParent()).resolve(".admin");
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX)
            throw new AdminException("the path of the admin socket has " + bytes + " bytes, the system's limit is "
                    + PATH_BYTES_MAX + ": use a shorter REDOUBT_HOME or admin.listen 127.0.0.1:PORT");
        if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) return;
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) throw new AdminException(path + " is no socket: move it away");
        if (answers(path))
            throw new AdminException("another server listens on " + path + ": stop it or use another REDOUBT_HOME");
    }

    /// Where to bind.
    Path prepared() throws IOException {
        DurableFiles.deleteTree(folder);
        DurableFiles.privateDirectory(folder);
        return folder.resolve("s");
    }

    /// To be called once it listens.
    void publish() throws IOException {
        Path bound = folder.resolve("s");
        Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
        Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.delete(folder);
    }

    void remove() throws IOException {
        Files.deleteIfExists(path);
    }

    private static boolean answers(Path path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException refused) {
            return false; // nobody is behind it
        }
    }
}
