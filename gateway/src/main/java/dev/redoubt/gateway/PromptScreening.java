package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.screen.PromptScreen;
import dev.redoubt.policy.screen.ScreenMode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Holds what callers say against the prompt screen (V5.2). Safe for any thread.
final class PromptScreening {
    private final PromptScreen screen;
    private final EdgeMetrics metrics;
    private final AuditLog audit;

    /// @param own patterns of the operator
    PromptScreening(List<String> own, EdgeMetrics metrics, AuditLog audit) {
        this.screen = new PromptScreen(own);
        this.metrics = metrics;
        this.audit = audit;
    }

    /// Counts what is found, and writes down the names of the patterns, whatever then becomes of the request.
    ///
    /// @param field that holds the prompts
    /// @throws ServeException if something is found and the mode is [ScreenMode#REFUSE]; it names the field and
    ///     nothing of the text
    void check(Exchange exchange, String field, List<Prompt> prompts, ScreenMode mode, ServableModel model) {
        List<String> texts =
                prompts.stream().flatMap(prompt -> texts(prompt, model)).toList();
        List<String> found = screen.find(texts);
        for (String pattern : found) metrics.promptFinding(pattern, mode);
        if (found.isEmpty()) return;
        audit.note(flagged(exchange, found));
        if (mode == ScreenMode.REFUSE) throw ServeException.ofField(ErrorCode.PROMPT_REFUSED, field, field);
    }

    private static AuditEvent flagged(Exchange exchange, List<String> patterns) {
        return new AuditEvent(
                AuditKind.PROMPT_FLAGGED,
                exchange.principal().keyId(),
                exchange.principal().application(),
                exchange.route(),
                Optional.of(Requirement.V5_2),
                String.join(" ", patterns),
                exchange.id());
    }

    /// Messages of every role: whoever has a key can write any of them.
    private static Stream<String> texts(Prompt prompt, ServableModel model) {
        return switch (prompt) {
            case Prompt.Text text -> Stream.of(text.text());
            case Prompt.Chat chat -> chat.messages().stream().map(ChatMessage::content);
            case Prompt.Tokens tokens ->
                Stream.of(model.detokenize(
                        tokens.ids().stream().mapToInt(Integer::intValue).toArray()));
        };
    }
}
