package dev.redoubt.trust;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/// A hub on loopback that answers each connection as its script says, one request a connection.
final class HubServer implements AutoCloseable {
    /// Answers one request.
    interface Answer {
        void to(String request, OutputStream out) throws IOException;
    }

    private final ServerSocket socket;
    private final Answer answer;
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    HubServer(Answer answer) throws IOException {
        this(answer, new ServerSocket(0, 16, InetAddress.getLoopbackAddress()));
    }

    /// One that speaks TLS.
    HubServer(Answer answer, SSLContext tls) throws IOException {
        this(answer, tls.getServerSocketFactory().createServerSocket(0, 16, InetAddress.getLoopbackAddress()));
    }

    private HubServer(Answer answer, ServerSocket socket) {
        this.answer = answer;
        this.socket = socket;
        Thread.ofVirtual().start(this::serve);
    }

    String address() {
        return address("127.0.0.1");
    }

    /// @param host by which this machine is to be called
    String address(String host) {
        return (socket instanceof SSLServerSocket ? "https://" : "http://") + host + ":" + socket.getLocalPort();
    }

    /// Heads of the requests so far.
    List<String> requests() {
        return List.copyOf(requests);
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket connection = socket.accept()) {
                var head = new StringBuilder();
                while (head.indexOf("\r\n\r\n") < 0) {
                    int read = connection.getInputStream().read();
                    if (read < 0) break;
                    head.append((char) read);
                }
                requests.add(head.toString());
                answer.to(head.toString(), connection.getOutputStream());
                connection.getOutputStream().flush();
            } catch (IOException ignored) {
                // the caller left: that is what some tests are about
            }
        }
    }

    /// The whole file, or the rest that a range asks for, cut off after `most` bytes.
    static Answer file(byte[] content, int most) {
        return (request, out) -> {
            int from = 0;
            int at = request.indexOf("Range: bytes=");
            if (at >= 0) from = Integer.parseInt(request.substring(at + 13, request.indexOf('-', at + 13)));
            String head = from == 0
                    ? "HTTP/1.1 200 OK\r\n"
                    : "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n"
                            .formatted(from, content.length - 1, content.length);
            head += "Connection: close\r\nContent-Length: " + (content.length - from) + "\r\n\r\n";
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            out.write(content, from, Math.min(most, content.length - from));
        };
    }

    static Answer status(int status, String header) {
        return (request, out) ->
                out.write(("HTTP/1.1 " + status + " X\r\n" + header + "Connection: close\r\nContent-Length: 0\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
