package dev.redoubt.cli.evidence;

import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.gateway.TlsOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/// HTTP/1.1 to one server, byte by byte: an HTTP client would mend what a probe means to break. One connection for
/// each request.
final class Wire {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration READ = Duration.ofSeconds(60);
    private static final int REPLY_BYTES_MAX = 64 << 20;
    private static final int PIECE = 60_000;

    private final Target target;
    private final SocketFactory sockets;

    private Wire(Target target, SocketFactory sockets) {
        this.target = target;
        this.sockets = sockets;
    }

    /// @throws IOException if the certificate of a server with TLS cannot be read
    static Wire to(Target target) throws IOException {
        if (!target.url().getScheme().equals("https")) return new Wire(target, SocketFactory.getDefault());
        Optional<TlsOptions> tls = target.edge().tls();
        if (tls.isEmpty()) throw new IOException("a server with TLS needs its configuration: give it with -f");
        return new Wire(target, trusting(tls.get()).getSocketFactory());
    }

    /// A reply.
    ///
    /// @param status 0: the connection was ended without one
    record Reply(int status, String head, String body) {
        /// Empty where there is none.
        String header(String name) {
            for (String line : head.split("\r\n"))
                if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                    return line.substring(name.length() + 1).strip();
            return "";
        }

        /// All of it but the request's own id and the time of day.
        String stable() {
            return head.replaceAll("(?im)^(x-request-id|date):[^\r\n]*\r\n", "") + body;
        }

        /// The stable name of an error; empty if it is none.
        String code() {
            return body.replaceFirst("(?s).*\"code\":\"([a-z_]+)\".*", "$1").replaceFirst("(?s).*[^a-z_].*", "");
        }

        /// @param expected of the status
        /// @param code of the error; empty: any, or none
        Seen expecting(int expected, String code) {
            return Seen.passedIf(status == expected && (code.isEmpty() || code.equals(code())), shown());
        }

        /// For a report.
        String shown() {
            return status == 0 ? "no answer" : code().isEmpty() ? Integer.toString(status) : status + " " + code();
        }
    }

    Reply get(String path, String key) throws IOException {
        return ask("GET", path, key);
    }

    /// A request without a body.
    Reply ask(String method, String path, String key) throws IOException {
        return send(
                method + " " + path + " HTTP/1.1\r\n" + host() + authorization(key) + "Connection: close\r\n\r\n",
                out -> {});
    }

    Reply post(String path, String key, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return send(head(path, key) + "Content-Length: " + bytes.length + "\r\n\r\n", out -> out.write(bytes));
    }

    /// A POST with a header of its own.
    Reply post(String path, String key, String header, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = head(path, key) + header + "\r\nContent-Length: " + bytes.length + "\r\n\r\n";
        return send(head, out -> out.write(bytes));
    }

    /// A POST that says how long its body is and sends nothing of it.
    Reply declare(String path, String key, long bytes) throws IOException {
        return send(head(path, key) + "Content-Length: " + bytes + "\r\n\r\n", out -> {});
    }

    /// A POST of that many spaces, in chunks.
    Reply chunked(String path, String key, long bytes) throws IOException {
        return send(head(path, key) + "Transfer-Encoding: chunked\r\n\r\n", out -> {
            byte[] full = chunk(PIECE);
            for (long left = bytes; left > 0; left -= PIECE) out.write(left >= PIECE ? full : chunk((int) left));
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        });
    }

    private static byte[] chunk(int size) {
        return (Integer.toHexString(size) + "\r\n" + " ".repeat(size) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private String head(String path, String key) {
        return "POST " + path + " HTTP/1.1\r\n" + host() + authorization(key)
                + "Content-Type: application/json\r\nConnection: close\r\n";
    }

    private String host() {
        return "Host: " + target.url().getAuthority() + "\r\n";
    }

    private static String authorization(String key) {
        return key.isEmpty() ? "" : "Authorization: Bearer " + key + "\r\n";
    }

    private interface Body {
        void write(OutputStream out) throws IOException;
    }

    private Reply send(String head, Body body) throws IOException {
        try (Socket socket = sockets.createSocket()) {
            String host = target.url().getHost().replaceAll("[\\[\\]]", "");
            socket.connect(new InetSocketAddress(host, target.port()), (int) CONNECT.toMillis());
            socket.setSoTimeout((int) READ.toMillis());
            if (socket instanceof SSLSocket tls) tls.startHandshake();
            try {
                socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
                body.write(socket.getOutputStream());
                socket.getOutputStream().flush();
            } catch (SocketException refused) {
                // the server had heard enough: what it answered is there to be read
            }
            return read(socket.getInputStream());
        }
    }

    private static Reply read(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        try {
            while (head.indexOf("\r\n\r\n") < 0) {
                int b = in.read();
                if (b < 0) return new Reply(0, head.toString(), "");
                head.append((char) b);
            }
        } catch (SocketException reset) {
            return new Reply(0, head.toString(), "");
        }
        if (!head.toString().matches("(?s)HTTP/1\\.[01] \\d{3} .*")) throw new IOException("no HTTP reply");
        Reply known = new Reply(Integer.parseInt(head.substring(9, 12)), head.toString(), "");
        String length = known.header("Content-Length");
        int bytes = length.matches("\\d{1,8}") ? Math.min(Integer.parseInt(length), REPLY_BYTES_MAX) : 0;
        return new Reply(known.status(), known.head(), new String(in.readNBytes(bytes), StandardCharsets.UTF_8));
    }

    /// Nothing but the certificates of the configuration: whose server it is, is known.
    private static SSLContext trusting(TlsOptions tls) throws IOException {
        try (InputStream in = Files.newInputStream(tls.certificate())) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in))
                store.setCertificateEntry("configured-" + store.size(), one);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificate " + tls.certificate() + " cannot be used", e);
        }
    }
}
