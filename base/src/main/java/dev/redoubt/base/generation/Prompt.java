package dev.redoubt.base.generation;

import java.util.List;

/// What to continue.
public sealed interface Prompt {
    /// Plain text: names of control tokens in it are text.
    record Text(String text) implements Prompt {}

    /// Token ids, as they are.
    record Tokens(List<Integer> ids) implements Prompt {
        public Tokens {
            ids = List.copyOf(ids);
        }
    }

    /// A conversation, rendered by the model's chat template.
    record Chat(List<ChatMessage> messages) implements Prompt {
        public Chat {
            messages = List.copyOf(messages);
        }
    }
}
