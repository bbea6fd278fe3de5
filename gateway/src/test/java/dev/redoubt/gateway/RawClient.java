package dev.redoubt.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One connection to an edge, byte by byte, for what no HTTP client would send.
final class RawClient implements AutoCloseable {
    private final TestEdge edge;
    private final Socket socket;

    RawClient(TestEdge edge) throws IOException {
        this(edge, new Socket("127.0.0.1", edge.edge.port()));
    }

    private RawClient(TestEdge edge, Socket socket) throws IOException {
        this.edge = edge;
        this.socket = socket;
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
    }

    /// One that has little room for what it does not read, so that the edge soon has to wait for it.
    static RawClient narrow(TestEdge edge) throws IOException {
        return new RawClient(edge, narrowSocket(edge));
    }

    static Socket narrowSocket(TestEdge edge) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(16_384); // before it connects, or the kernel lets it grow to megabytes
        socket.connect(new InetSocketAddress("127.0.0.1", edge.edge.port()));
        return socket;
    }

    /// @param status the status code; 0: the connection was closed without an answer
    record Reply(int status, String head, String body) {
        /// The value of a header; empty where there is none.
        String header(String name) {
            for (String line : head.split("\r\n"))
                if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                    return line.substring(name.length() + 1).strip();
            return "";
        }
    }

    /// The head of a POST, with the key, without the empty line.
    String post(String path) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + edge.key
                + "\r\nContent-Type: application/json\r\n";
    }

    RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    RawClient send(byte[] bytes) throws IOException {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException refused) {
            return this; // the edge had heard enough: what it answered is there to be read
        }
        return this;
    }

    RawClient sendPlain(String path, byte[] body) throws IOException {
        return send(post(path) + "Content-Length: " + body.length + "\r\n\r\n").send(body);
    }

    RawClient sendChunked(String path, byte[] body) throws IOException {
        send(post(path) + "Transfer-Encoding: chunked\r\n\r\n");
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        for (int at = 0; at < body.length; at += 60_000) {
            int length = Math.min(60_000, body.length - at);
            framed.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            framed.write(body, at, length);
            framed.writeBytes(new byte[] {'\r', '\n'});
        }
        framed.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return send(framed.toByteArray());
    }

    /// Reads one reply, which must have a length.
    Reply reply() throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        try {
            while (head.indexOf("\r\n\r\n") < 0) {
                int b = in.read();
                if (b < 0) return new Reply(0, head.toString(), "");
                head.append((char) b);
            }
        } catch (java.net.SocketException reset) {
            return new Reply(0, head.toString(), "");
        }
        Reply known = new Reply(Integer.parseInt(head.substring(9, 12)), head.toString(), "");
        String length = known.header("Content-Length");
        byte[] body = in.readNBytes(length.isEmpty() ? 0 : Integer.parseInt(length));
        return new Reply(known.status(), known.head(), new String(body, StandardCharsets.UTF_8));
    }

    /// Whether the edge ends the connection, while nothing is read that it sends.
    boolean cut() throws InterruptedException {
        for (int i = 0; i < 500; i++) {
            try {
                socket.getOutputStream().write(' ');
            } catch (IOException reset) {
                return true;
            }
            if (new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS)) return false;
        }
        return false;
    }

    /// Whether the edge ends the connection; what it still sends is read.
    boolean closed() {
        try {
            socket.setSoTimeout(5_000);
            while (socket.getInputStream().read(new byte[65536]) >= 0) {}
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
