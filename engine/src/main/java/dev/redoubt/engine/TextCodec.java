package dev.redoubt.engine;

import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.util.List;

/// Text to token ids and back, as the engine needs it. Calls native code: platform threads only.
interface TextCodec {
    /// Whether there is a chat template.
    boolean chat();

    /// Ids of a plain text, with what the model puts before a prompt.
    int[] encode(String text);

    /// Ids of a conversation, with the prompt for the next answer.
    ///
    /// @throws dev.redoubt.base.ServeException if there is no template or it refuses
    int[] encode(List<ChatMessage> messages);

    /// The text that [#encode(List)] encodes.
    String render(List<ChatMessage> messages);

    /// The text of ids; control tokens give their names.
    String decode(int[] ids);

    /// The raw bytes of one token.
    byte[] bytes(int id);

    /// For the tokens of one answer to a prompt: control tokens give nothing.
    StreamDecoder newStreamDecoder(int[] prompt);
}
