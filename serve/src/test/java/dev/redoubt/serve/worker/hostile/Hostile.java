package dev.redoubt.serve.worker.hostile;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;
import java.io.File;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;

/// Does to its process whatever it is asked to.
@Deployment(name = "Hostile", maxOngoingRequests = 8, cpus = 1, memoryMiB = 256)
public final class Hostile implements Handler<Hostile.Deed, Hostile.Outcome> {
    /// @param what is done
    /// @param to which file, port or text
    public record Deed(String what, String to) {}

    public record Outcome(String text) {}

    private final List<Object> held = new ArrayList<>();

    @Override
    public Outcome handle(Deed deed) throws Exception {
        return new Outcome(
                switch (deed.what()) {
                    case "echo" -> deed.to();
                    case "print" -> print(deed.to());
                    case "fail" -> throw new IOException("a secret " + deed.to());
                    case "heap" -> heap();
                    case "direct" -> direct();
                    case "mapped" -> mapped(deed.to());
                    case "halt" -> halt();
                    case "exit" -> exit();
                    case "loop" -> loop();
                    case "loops" -> String.valueOf(looping);
                    case "fork" ->
                        attempt(() -> String.valueOf(
                                new ProcessBuilder(deed.to()).start().pid()));
                    case "kill" -> kill(Long.parseLong(deed.to()));
                    case "threads" -> threads();
                    case "one large file" -> write(Path.of(System.getProperty("user.home"), "large"));
                    case "many files" -> many();
                    case "files without names" -> unlinked();
                    case "mapped files without names" -> unlinkedAndMapped();
                    case "one file without a name" -> oneUnlinked(Integer.parseInt(deed.to()));
                    case "environment" -> System.getenv().toString();
                    case "properties" -> System.getProperty(deed.to(), "none");
                    case "class" ->
                        attempt(() -> Hostile.class
                                .getClassLoader()
                                .loadClass(deed.to())
                                .getName());
                    case "connect" -> attempt(() -> connect(Integer.parseInt(deed.to())));
                    case "read" -> attempt(() -> read(deed.to()));
                    case "read on a platform thread" -> onPlatformThread(deed.to());
                    case "read in the common pool" ->
                        CompletableFuture.supplyAsync(() -> attempt(() -> read(deed.to())), ForkJoinPool.commonPool())
                                .get();
                    case "read in a cleaner" -> onCleaner(deed.to());
                    case "read in the JDK's own cleaner" -> onCommonCleaner(deed.to());
                    case "change the mode" ->
                        attempt(() -> Files.setPosixFilePermissions(Path.of(deed.to()), Set.of())
                                .toString());
                    case "change the owner" ->
                        attempt(() -> Files.setAttribute(Path.of(deed.to()), "unix:uid", 1)
                                .toString());
                    case "change the time" ->
                        attempt(() -> Files.setLastModifiedTime(Path.of(deed.to()), FileTime.fromMillis(0))
                                .toString());
                    case "write" ->
                        attempt(() -> Files.writeString(Path.of(deed.to()), "x").toString());
                    default -> "?";
                });
    }

    private interface Attempt {
        String run() throws Exception;
    }

    private static String attempt(Attempt attempt) {
        try {
            return attempt.run();
        } catch (Exception | LinkageError refused) {
            return "refused: " + refused.getClass().getSimpleName();
        }
    }

    private static String read(String path) throws IOException {
        return Files.isDirectory(Path.of(path))
                ? String.join(",", List.of(new File(path).list()))
                : Files.readString(Path.of(path));
    }

    private static String connect(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
            return "connected";
        }
    }

    private static String onPlatformThread(String path) throws Exception {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> outcome.complete(attempt(() -> read(path))));
        return outcome.get();
    }

    private static String onCleaner(String path) throws Exception {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        Cleaner.create().register(new Object(), () -> outcome.complete(attempt(() -> read(path))));
        while (!outcome.isDone()) {
            System.gc();
            Thread.onSpinWait();
        }
        return outcome.get();
    }

    /// The thread of the JDK that shuts down a pool that nobody refers to interrupts the pool's threads.
    private static String onCommonCleaner(String path) throws Exception {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        drop(path, outcome);
        while (!outcome.isDone()) {
            System.gc();
            Thread.onSpinWait();
        }
        return outcome.get();
    }

    private static void drop(String path, CompletableFuture<String> outcome) throws Exception {
        Executors.newSingleThreadExecutor(work -> new Interrupted(work, path, outcome))
                .submit(() -> {})
                .get();
    }

    private static final class Interrupted extends Thread {
        private final String path;
        private final CompletableFuture<String> outcome;

        Interrupted(Runnable work, String path, CompletableFuture<String> outcome) {
            super(work);
            this.path = path;
            this.outcome = outcome;
        }

        @Override
        public void interrupt() {
            if (Thread.currentThread().getName().equals("Common-Cleaner")) outcome.complete(attempt(() -> read(path)));
            super.interrupt();
        }
    }

    private static String print(String text) {
        for (int i = 0; i < 20_000; i++) System.err.println("chatter " + i);
        System.out.println(text);
        System.out.print("without an end");
        System.out.flush();
        return "printed";
    }

    private String heap() {
        while (true) held.add(new byte[1 << 20]);
    }

    private String direct() {
        try {
            while (true) held.add(ByteBuffer.allocateDirect(1 << 20));
        } catch (OutOfMemoryError limited) {
            int megabytes = held.size();
            held.clear();
            return megabytes + " MiB";
        }
    }

    private String mapped(String megabytes) throws IOException {
        Path file = Path.of(System.getProperty("user.home"), "mapped");
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            while (true) {
                MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.parseLong(megabytes) << 20);
                for (int i = 0; i < map.capacity(); i += 4096) map.put(i, (byte) 1);
                held.add(map);
            }
        }
    }

    private static String halt() {
        Runtime.getRuntime().halt(7);
        return "";
    }

    private static String exit() {
        System.exit(5);
        return "";
    }

    private static volatile boolean looping;

    private static String loop() {
        looping = true;
        while (true) Thread.onSpinWait();
    }

    private static String kill(long process) {
        return attempt(() -> String.valueOf(
                ProcessHandle.of(process).map(ProcessHandle::destroyForcibly).orElse(false)));
    }

    private static String threads() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        while (true)
            Thread.ofPlatform().start(() -> {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    return;
                }
            });
    }

    private static String write(Path file) throws IOException {
        byte[] much = new byte[1 << 20];
        long megabytes = 0;
        try (var out = Files.newOutputStream(file)) {
            while (true) {
                out.write(much);
                megabytes++;
            }
        } catch (IOException limited) {
            return megabytes + " MiB";
        }
    }

    private static String many() throws IOException {
        byte[] much = new byte[1 << 20];
        for (int i = 0; ; i++) Files.write(Path.of(System.getProperty("java.io.tmpdir"), "file" + i), much);
    }

    private String unlinked() throws IOException {
        byte[] much = new byte[1 << 20];
        while (true) {
            Path file = temporary();
            SeekableByteChannel open = Files.newByteChannel(file, StandardOpenOption.WRITE);
            held.add(open);
            for (int i = 0; i < 8; i++) open.write(ByteBuffer.wrap(much));
            Files.delete(file);
        }
    }

    private String unlinkedAndMapped() throws IOException {
        for (int i = 0; i < 32; i++) {
            Path file = temporary();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                for (int mib = 0; mib < 8; mib++) channel.write(ByteBuffer.wrap(new byte[1 << 20]));
                held.add(channel.map(FileChannel.MapMode.READ_ONLY, 0, 4096));
            }
            Files.delete(file);
        }
        return loop();
    }

    private static String oneUnlinked(int mib) throws IOException {
        Path file = temporary();
        try (SeekableByteChannel channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            for (int i = 0; i < mib; i++) channel.write(ByteBuffer.wrap(new byte[1 << 20]));
            Files.delete(file);
        }
        return "gone";
    }

    private static Path temporary() throws IOException {
        return Files.createTempFile("held", "");
    }
}
