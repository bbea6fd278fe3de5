package dev.redoubt.engine.template;

import java.util.Map;

/// A chat template: a program from strangers in a small Jinja subset, run with step, output and depth budgets, without access to
/// anything but the data given. Immutable, safe for any thread.
public final class ChatTemplate {
    private ChatTemplate() {}

    /// Parses the template.
    ///
    /// @throws TemplateException if it is no valid template or over the size limit
    public static ChatTemplate parse(String source) {
        throw new UnsupportedOperationException("template: parse");
    }

    /// Renders with Jinja's `trim_blocks` and `lstrip_blocks`, as Hugging Face transformers does.
    ///
    /// @param variables `messages`, `add_generation_prompt`, `bos_token`, `eos_token`, …: String, Long, Double, Boolean, `List`, `Map`
    ///     with String keys, or [TrustedText] for strings that are the model's own
    /// @throws TemplateException if the template raises, breaks a budget, or uses something outside of the subset
    public RenderedText render(Map<String, Object> variables) {
        throw new UnsupportedOperationException("template: render");
    }
}
