package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A server with one worker, for a test that kills it: tells the worker's process and waits.
final class ServerToKill {
    private ServerToKill() {}

    public static void main(String[] folder) throws Exception {
        try (Workers workers = new Workers(Path.of(folder[0]))) {
            Servant servant = workers.start(Hostile.class);
            long worker =
                    ProcessHandle.current().children().findAny().orElseThrow().pid();
            try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
                out.write((worker + "\n").getBytes(StandardCharsets.US_ASCII));
                out.flush();
                workers.begin(servant, "loop", "", workers.call());
                int ignored = System.in.read();
            }
            servant.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
