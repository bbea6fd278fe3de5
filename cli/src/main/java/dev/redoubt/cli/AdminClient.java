package dev.redoubt.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Asks the server that runs on this home, over its admin socket: one request, one connection.
final class AdminClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int REPLY_BYTES_MAX = 1 << 20;

    private final Context context;

    AdminClient(Context context) {
        this.context = context;
    }

    /// @throws CommandFailure if no server answers, or by anything but what was asked for
    JsonNode get(String path) throws IOException {
        return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    /// As [#get].
    JsonNode post(String path, String body) throws IOException {
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        return ask("POST " + path
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + length + "\r\n\r\n" + body);
    }

    private JsonNode ask(String request) throws IOException {
        String reply = exchange(request);
        int status = reply.startsWith("HTTP/1.1 ") ? Integer.parseInt(reply.substring(9, 12)) : 0;
        int head = reply.indexOf("\r\n\r\n");
        if (status == 0 || head < 0) throw ended();
        JsonNode body = JsonMapper.shared().readTree(reply.substring(head + 4));
        if (status == 200) return body;
        List<String> problems =
                body.path("problems").valueStream().map(JsonNode::asString).toList();
        if (!problems.isEmpty()) throw new Refusal(problems);
        throw new CommandFailure(ExitCode.UNAVAILABLE, body.path("detail").asString("the server answered " + status));
    }

    private String exchange(String request) throws IOException {
        Path socket = context.home().adminSocket();
        if (Files.notExists(socket)) throw noServer();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            closeAfter(channel, TIMEOUT);
            channel.connect(UnixDomainSocketAddress.of(socket));
            ByteBuffer out = ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8));
            while (out.hasRemaining()) channel.write(out);
            return read(channel);
        } catch (ConnectException stale) { // what a killed server has left
            throw noServer();
        } catch (AsynchronousCloseException late) {
            throw new CommandFailure(
                    ExitCode.UNAVAILABLE, "the server did not answer within " + TIMEOUT.toSeconds() + " s: try again");
        } catch (SocketException reset) {
            throw ended();
        }
    }

    /// Nobody knows how far it came.
    private CommandFailure ended() {
        return new CommandFailure(
                ExitCode.UNAVAILABLE,
                "the server ended before it answered, and may have done what it was told: " + context.program()
                        + " status says what there is");
    }

    private static String read(SocketChannel channel) throws IOException {
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        ByteBuffer piece = ByteBuffer.allocate(16 * 1024);
        while (channel.read(piece) >= 0 && reply.size() < REPLY_BYTES_MAX) {
            reply.write(piece.array(), 0, piece.position());
            piece.clear();
        }
        return reply.toString(StandardCharsets.UTF_8);
    }

    /// A channel that blocks has no time limit of its own.
    private static void closeAfter(SocketChannel channel, Duration time) {
        Thread.ofVirtual().start(() -> {
            try (channel) {
                Thread.sleep(time);
            } catch (IOException | InterruptedException e) {
                Thread.currentThread().interrupt(); // nobody waits for this thread
            }
        });
    }

    private CommandFailure noServer() {
        return new CommandFailure(
                ExitCode.UNAVAILABLE,
                "no server with an admin socket runs on " + context.home().root() + ": start one (" + context.program()
                        + " serve), or set REDOUBT_HOME to that of the one you mean");
    }
}
