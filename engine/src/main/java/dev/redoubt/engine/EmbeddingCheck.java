package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.EmbeddingSizes;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import java.util.List;

/// The entry of an engine that embeds (RULES V3.1), as [RequestCheck] is that of one that generates.
final class EmbeddingCheck {
    private static final String FIELD = "input";

    private final RequestCheck shared;
    private final RequestLimits limits;
    private final int tokensMax;
    private final EmbeddingSizes sizes;

    /// @param tokensMax of a text
    EmbeddingCheck(RequestLimits limits, int tokensMax, int vocabularySize, EmbeddingSizes sizes) {
        this.shared = new RequestCheck(limits, tokensMax, vocabularySize);
        this.limits = limits;
        this.tokensMax = tokensMax;
        this.sizes = sizes;
    }

    /// What can be told without the tokenizer.
    ///
    /// @throws ServeException naming the first field that is out of bounds
    void check(EmbeddingRequest request) {
        shared.user(request.caller());
        List<Prompt> inputs = request.inputs();
        if (inputs.size() > limits.promptsMax())
            throw ServeException.ofField(
                    ErrorCode.OUT_OF_RANGE,
                    FIELD,
                    FIELD,
                    "a list of " + inputs.size(),
                    "a list of 1 to " + limits.promptsMax());
        for (int i = 0; i < inputs.size(); i++) check(field(inputs, i), inputs.get(i));
        request.dimensions().ifPresent(size -> {
            if (!sizes.allows(size))
                throw ServeException.ofField(ErrorCode.OUT_OF_RANGE, "dimensions", "dimensions", size, sizes.allowed());
        });
    }

    private void check(String field, Prompt input) {
        switch (input) {
            case Prompt.Text text -> {
                if (text.text().isEmpty()) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, field, field);
                shared.text(field, text.text());
            }
            case Prompt.Tokens tokens -> {
                if (tokens.ids().isEmpty()) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, field, field);
                for (int id : tokens.ids()) shared.tokenId(field, id);
                length(field, tokens.ids().size());
            }
            case Prompt.Chat chat ->
                throw ServeException.ofField(ErrorCode.WRONG_TYPE, field, field, "texts or token ids");
        }
    }

    /// @throws ServeException if it is longer than a text may be
    void text(String text) {
        shared.text(FIELD, text);
    }

    void tokenId(String field, int id) {
        shared.tokenId(field, id);
    }

    /// @throws ServeException if a text has more tokens than the model takes: nothing is cut
    void length(String field, int tokens) {
        if (tokens > tokensMax) throw ServeException.ofField(ErrorCode.INPUT_TOO_LONG, field, field, tokens, tokensMax);
    }

    /// The name of an input in messages.
    static String field(List<Prompt> inputs, int index) {
        return inputs.size() == 1 ? FIELD : FIELD + "[" + index + "]";
    }
}
