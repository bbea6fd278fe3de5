package dev.redoubt.base.generation;

import java.nio.charset.StandardCharsets;

/// How many tokens a prompt can have, told without the tokenizer.
public final class TokenBound {
    /* A token is a byte or more, so a text has no more tokens than bytes, and a prompt no more than the context. What a chat template
     * adds is estimated, at more than the templates we know write; a normalizer may make a text longer. Where that is too little, the
     * difference is taken as soon as the model has counted. */
    private static final int TEXT_EXTRA = 2; // begin of text, and the space that some tokenizers put first
    private static final int CHAT_EXTRA = 64;
    private static final int MESSAGE_EXTRA = 16;

    private TokenBound() {}

    /// @param contextTokensMax of the model: no prompt has more
    public static long of(Prompt prompt, int contextTokensMax) {
        long bound = switch (prompt) {
            case Prompt.Text text -> bytes(text.text()) + TEXT_EXTRA;
            case Prompt.Tokens tokens -> tokens.ids().size() + TEXT_EXTRA;
            case Prompt.Chat chat -> {
                long bytes = CHAT_EXTRA;
                for (ChatMessage message : chat.messages()) bytes += bytes(message.content()) + MESSAGE_EXTRA;
                yield bytes;
            }
        };
        return Math.min(bound, contextTokensMax);
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
