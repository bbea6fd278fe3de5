package dev.redoubt.serve.worker;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// A worker that breaks the link's rules, in the way that its argument names.
final class Impostor {
    private static final String INTERFACE = """
            {"input":{"type":"text"},"output":{"type":"text"},"streams":false,"calls":[],"routes":[]}""";

    private Impostor() {}

    public static void main(String[] how) throws IOException {
        Instructions instructions = Instructions.read(new DataInputStream(System.in));
        SocketChannel channel = SocketChannel.open(
                UnixDomainSocketAddress.of(instructions.folder().resolve(Worker.SOCKET)));
        Frames frames = new Frames(channel, instructions.frameBytesMax());
        byte[] token = how[0].equals("wrong token") ? new byte[32] : instructions.token();
        FrameWriter hello = frames.writer(FrameType.HELLO, 0)
                .u32(how[0].equals("other version") ? 2 : Worker.VERSION)
                .bytes(token)
                .u32(0);
        frames.send(hello);
        frames.send(frames.writer(FrameType.INTERFACE, 0).bytes(INTERFACE.getBytes(StandardCharsets.UTF_8)));
        frames.send(frames.writer(FrameType.READY, 0));
        if (how[0].equals("deaf")) {
            int ignored = System.in.read();
        }
        try {
            frames.readAll((type, id, body) -> {
                if (type == FrameType.CALL) answer(how[0], frames, channel, id);
            });
        } catch (IOException closed) {
            int ignored = System.in.read(); // it does not go by itself
        }
    }

    private static void answer(String how, Frames frames, SocketChannel channel, int id) throws IOException {
        switch (how) {
            case "garbage" -> raw(channel, 0x47415242, 0x41474521, 0x21212121);
            case "no such type" -> raw(channel, 5, 0x63000000, 0);
            case "length beyond the limit" -> raw(channel, 0x7FFFFFFF, 0, 0);
            case "length below the header" -> raw(channel, 1, 0, 0);
            case "second hello" -> frames.send(frames.writer(FrameType.HELLO, 0));
            case "wrong id" -> frames.send(item(frames, id + 1).text("x"));
            case "two ends" -> {
                frames.send(item(frames, id).text("x"));
                frames.send(item(frames, id).text("x"));
            }
            case "text longer than its frame" -> frames.send(item(frames, id).count(1000));
            case "bytes after the end" -> frames.send(item(frames, id).text("x").u8(0));
            case "item without the last mark" ->
                frames.send(frames.writer(FrameType.ITEM, id).u8(0).text("x"));
            case "end without its item" -> frames.send(frames.writer(FrameType.COMPLETED, id));
            case "call for a model with another kind of name" ->
                frames.send(frames.writer(FrameType.CALL, 1)
                        .text("Other")
                        .text("r")
                        .text("")
                        .text("")
                        .u64(1)
                        .text("../other")
                        .text(""));
            case "error that is not in the table" ->
                frames.send(frames.writer(FrameType.FAILED, id)
                        .text("NONE")
                        .u8(0)
                        .u8(0)
                        .count(0)
                        .text(""));
            case "denial" ->
                frames.send(frames.writer(FrameType.FAILED, id)
                        .text("UNAUTHENTICATED")
                        .u8(0)
                        .u8(0)
                        .count(0)
                        .text(""));
            case "call of what is not declared" ->
                frames.send(frames.writer(FrameType.CALL, 1)
                        .text("Other")
                        .text("r")
                        .text("")
                        .text("")
                        .u64(1)
                        .text("")
                        .text(""));
            case "silence" -> {}
            default -> throw new IllegalArgumentException(how);
        }
    }

    private static FrameWriter item(Frames frames, int id) {
        return frames.writer(FrameType.ITEM, id).u8(1);
    }

    private static void raw(SocketChannel channel, int... words) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length);
        for (int word : words) bytes.putInt(word);
        channel.write(bytes.flip());
    }
}
