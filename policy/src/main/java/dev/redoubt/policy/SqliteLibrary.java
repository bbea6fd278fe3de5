package dev.redoubt.policy;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.sqlite.SQLiteJDBCLoader;

/// SQLite's native library, loaded into the process once.
public final class SqliteLibrary {
    /* The driver unpacks it to a file and removes that when the process ends, unless it is killed: then a megabyte stays behind.
     * So the driver gets a new folder of its own, which is removed as soon as the library is loaded, since what is loaded stays
     * loaded. A kill in between leaves a folder `sqlite-…` that the launcher sweeps away. */
    private static final String FOLDER_PROPERTY = "org.sqlite.tmpdir";
    private static final String PATH_PROPERTY = "org.sqlite.lib.path";
    private static final String NAME = "libsqlitejdbc.so";
    private static final ReentrantLock LOADING = new ReentrantLock();
    private static boolean loaded; // guarded by LOADING

    private SqliteLibrary() {}

    /// Does nothing after the first call. Of two threads that call it at once the second waits.
    ///
    /// @param parent folder that only the owner may write, made if need be
    /// @throws KeyStoreException if it cannot be unpacked or loaded
    public static void load(Path parent) {
        LOADING.lock();
        try {
            if (loaded) return;
            unpack(parent);
            loaded = true;
        } catch (Exception e) {
            throw new KeyStoreException(
                    "SQLite's library cannot be unpacked into " + parent
                            + " and loaded: it needs disk space and a file system that allows execution",
                    e);
        } finally {
            LOADING.unlock();
        }
    }

    private static void unpack(Path parent) throws Exception {
        Path folder = Files.createTempDirectory(DurableFiles.privateDirectory(parent), "sqlite-");
        try {
            System.setProperty(FOLDER_PROPERTY, folder.toString());
            if (copied(folder.resolve(NAME))) System.setProperty(PATH_PROPERTY, folder.toString());
            SQLiteJDBCLoader.initialize();
        } finally {
            System.clearProperty(PATH_PROPERTY);
            System.clearProperty(FOLDER_PROPERTY);
            DurableFiles.deleteTree(folder);
        }
    }

    /// The driver does this too, if it must, and compares the copy byte by byte and starts `uname` before: a tenth of a
    /// second of a start.
    private static boolean copied(Path to) throws IOException {
        String machine = System.getProperty("os.arch", "");
        String folder = machine.equals("amd64") ? "x86_64" : machine;
        if (Files.exists(Path.of("/lib/ld-musl-" + folder + ".so.1"))) return false; // has libraries of its own
        try (InputStream in =
                SQLiteJDBCLoader.class.getResourceAsStream("/org/sqlite/native/Linux/" + folder + "/" + NAME)) {
            if (in == null) return false;
            Files.copy(in, to);
            return true;
        }
    }
}
