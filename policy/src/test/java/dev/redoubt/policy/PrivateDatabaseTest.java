package dev.redoubt.policy;

import java.nio.file.Path;
import java.sql.Connection;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PrivateDatabaseTest {
    @TempDir
    Path folder;

    /// SQLite tells most of them that the file is locked, at once.
    @Test
    void manyFirstOpensAtOnceAllSucceed() throws Exception {
        SqliteLibrary.load(folder.resolve("lib"));
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (int round = 0; round < 50; round++) {
                Path file = folder.resolve(round + ".db");
                Callable<Connection> open = () -> PrivateDatabase.open(file);
                for (Future<Connection> opened : threads.invokeAll(Collections.nCopies(6, open)))
                    opened.get().close();
            }
        }
    }
}
