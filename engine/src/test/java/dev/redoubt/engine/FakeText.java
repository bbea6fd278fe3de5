package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A vocabulary of letters: id 0 ends a text, the others are `a`, `b`, …
final class FakeText implements TextCodec {
    static final int END_OF_SEQUENCE = 0;

    @Override
    public boolean chat() {
        return true;
    }

    @Override
    public int[] encode(String text) {
        return text.chars()
                .map(c -> 1 + Math.floorMod(c - 'a', FakeModel.VOCABULARY - 1))
                .toArray();
    }

    @Override
    public int[] encode(List<ChatMessage> messages) {
        if (messages.getFirst().content().equals("refuse"))
            throw ServeException.of(ErrorCode.TEMPLATE_REFUSED, "no such order");
        return encode(render(messages));
    }

    @Override
    public String render(List<ChatMessage> messages) {
        StringBuilder text = new StringBuilder();
        for (ChatMessage message : messages) text.append(message.content());
        return text.toString();
    }

    @Override
    public String decode(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) text.append(piece(id));
        return text.toString();
    }

    @Override
    public byte[] bytes(int id) {
        return piece(id).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public StreamDecoder newStreamDecoder(int[] prompt) {
        return new StreamDecoder() {
            @Override
            public String push(int id) {
                return piece(id);
            }

            @Override
            public String rest() {
                return "";
            }
        };
    }

    static String piece(int id) {
        return id == END_OF_SEQUENCE ? "<end>" : String.valueOf((char) ('a' + id - 1));
    }
}
