package dev.redoubt.cli;

import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.LanguageModel;
import java.util.ArrayList;
import java.util.List;

/// What was said, kept within the model's context: the oldest turns are forgotten first, the system message
/// never.
final class Conversation {
    private final LanguageModel model;
    private final int answerTokensMax;
    private final int contextTokensMax;
    private final List<ChatMessage> turns = new ArrayList<>(); // user and assistant in turn
    private String system;

    /// @param contextTokensMax prompt and answer together; the model's own, where that is less
    Conversation(LanguageModel model, int answerTokensMax, int contextTokensMax, String system) {
        this.model = model;
        this.answerTokensMax = answerTokensMax;
        this.contextTokensMax = Math.min(contextTokensMax, model.card().contextTokensMax());
        this.system = system;
    }

    String system() {
        return system;
    }

    void setSystem(String text) {
        system = text;
    }

    void reset() {
        turns.clear();
    }

    /// Takes what the user says, and forgets the oldest turns until it fits with an answer of full length.
    ///
    /// @return how many messages were forgotten
    int ask(String text) {
        turns.add(new ChatMessage("user", text));
        int forgotten = 0;
        while (turns.size() > 1 && model.tokenize(messages()).length + answerTokensMax > contextTokensMax) {
            do {
                turns.removeFirst();
                forgotten++;
            } while (turns.size() > 1 && !turns.getFirst().role().equals("user")); // templates want a user first
        }
        return forgotten;
    }

    void answered(String text) {
        turns.add(new ChatMessage("assistant", text));
    }

    /// The last question got no answer: it is taken back.
    void unanswered() {
        turns.removeLast();
    }

    /// As the model gets them.
    List<ChatMessage> messages() {
        List<ChatMessage> all = new ArrayList<>();
        if (!system.isEmpty()) all.add(new ChatMessage("system", system));
        all.addAll(turns);
        return all;
    }

    /// For `/save`: one JSON array of `{role, content}`.
    String json() {
        return Json.text(messages().stream()
                .map(message -> Json.object("role", message.role(), "content", message.content()))
                .toList());
    }

    LanguageModel model() {
        return model;
    }
}
