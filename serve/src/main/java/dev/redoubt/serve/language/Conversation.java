package dev.redoubt.serve.language;

import java.util.List;
import java.util.Optional;

/// What a language model is asked: to go on with a conversation. Limits are those of the chat route (RULES V1.4,
/// V5.1); what is over them is refused before anything is computed.
///
/// @param maxTokens of the answer; absent: the server's default
/// @param temperature 0 picks the likeliest token each time; absent: the server's default
/// @param seed the same seed gives the same answer; absent: a fresh one
public record Conversation(
        List<Message> messages, Optional<Integer> maxTokens, Optional<Double> temperature, Optional<Long> seed) {
    public Conversation {
        messages = List.copyOf(messages);
        if (messages.isEmpty()) throw new IllegalArgumentException("a conversation has at least one message");
    }

    public static Conversation of(Message... messages) {
        return new Conversation(List.of(messages), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /// The same with a bound of the answer.
    public Conversation withMaxTokens(int tokens) {
        return new Conversation(messages, Optional.of(tokens), temperature, seed);
    }

    /// The same, answered by the likeliest token each time.
    public Conversation greedy() {
        return new Conversation(messages, maxTokens, Optional.of(0.0), seed);
    }
}
