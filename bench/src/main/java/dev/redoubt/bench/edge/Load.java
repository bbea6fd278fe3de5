package dev.redoubt.bench.edge;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.SocketFactory;

/// The same small request again and again over connections that stay open.
final class Load {
    private final SocketFactory sockets;
    private final int port;
    private final byte[] request;

    /// @param perSecond requests answered, over all connections
    record Result(double p50Micros, double p99Micros, double perSecond) {}

    Load(SocketFactory sockets, int port, byte[] request) {
        this.sockets = sockets;
        this.port = port;
        this.request = request;
    }

    /// @param each requests of each connection
    Result run(int connections, int each) throws IOException, InterruptedException {
        List<Callable<long[]>> callers = new ArrayList<>();
        for (int i = 0; i < connections; i++) callers.add(() -> ask(each));
        long begin = System.nanoTime();
        long[] all;
        try (ExecutorService threads = Executors.newFixedThreadPool(connections)) {
            List<long[]> nanos = new ArrayList<>();
            for (Future<long[]> caller : threads.invokeAll(callers)) nanos.add(caller.get());
            all = nanos.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        } catch (ExecutionException e) {
            throw new IOException("a request failed: " + e.getCause(), e);
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Result(all[all.length / 2] / 1e3, all[all.length * 99 / 100] / 1e3, all.length / seconds);
    }

    private long[] ask(int count) throws IOException {
        long[] nanos = new long[count];
        try (Socket socket = sockets.createSocket("127.0.0.1", port)) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                socket.getOutputStream().write(request);
                socket.getOutputStream().flush();
                read(in);
                nanos[i] = System.nanoTime() - begin;
            }
        }
        return nanos;
    }

    private static void read(InputStream in) throws IOException {
        String status = line(in);
        if (!status.contains(" 200 ")) throw new IOException("the server said " + status);
        int length = -1;
        for (String line = line(in); !line.isEmpty(); line = line(in))
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
                length = Integer.parseInt(line.substring(15).strip());
        in.skipNBytes(length);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) throw new IOException("the server closed the connection");
            if (b != '\r') line.append((char) b);
        }
        return line.toString();
    }

    static byte[] post(String path, String key, String body) {
        return ("POST " + path
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                        + key + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
    }
}
