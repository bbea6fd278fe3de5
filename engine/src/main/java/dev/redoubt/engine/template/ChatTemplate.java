package dev.redoubt.engine.template;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/// A chat template: a program from strangers in a small Jinja subset, run with step, output and depth budgets,
/// without access to anything but the data given. Immutable, safe for any thread.
///
/// The subset: `for` (with `if`, `else`, unpacking, `break`, `continue`), `if`, `set` (also of blocks and
/// namespace fields), `macro`, `call`, `filter`, `with`, `raw`, `generation` (no effect); the filters of
/// [Filters], the tests of [Tests], the methods of [Methods]; `range`, `namespace`, `dict`, `raise_exception`,
/// `strftime_now`. There is no `include`, `import`, `extends`, `block` or recursive loop.
public final class ChatTemplate {
    /* Safety is by absence: a value is one of the twelve kinds of [Value], and no operation leads from one of them
     * to anything of the JVM. Lists and mappings never change, so the caller's data cannot be changed and nothing
     * can contain itself. Cost is bounded by [Budget]; no regular expression is ever run. What the text is made of
     * is remembered by [Text]. */

    /// Longest template, in characters.
    public static final int SOURCE_CHARS_MAX = 64 << 10;

    private final List<Stmt> body;

    private ChatTemplate(List<Stmt> body) {
        this.body = body;
    }

    /// Parses the template.
    ///
    /// @throws TemplateException if it is no valid template or over the size limit
    public static ChatTemplate parse(String source) {
        if (source.length() > SOURCE_CHARS_MAX)
            throw TemplateException.at(1, "a size of " + source.length() + " characters, limit is " + SOURCE_CHARS_MAX);
        return new ChatTemplate(Parser.parse(source));
    }

    /// As [#render(Map, LocalDate)], on today's date in UTC.
    public RenderedText render(Map<String, Object> variables) {
        return render(variables, LocalDate.now(ZoneOffset.UTC));
    }

    /// Renders with Jinja's `trim_blocks` and `lstrip_blocks`, as Hugging Face transformers does.
    ///
    /// Strings of the variables are data, in which no control token is ever recognised. What is the model's
    /// own, or one of a closed list of ours, should be [TrustedText]: `bos_token`, `eos_token`, and the roles
    /// of messages once they are checked, since some templates make control tokens of them (`'<|' +
    /// message.role + '|>'`).
    ///
    /// @param variables `messages`, `add_generation_prompt`, `bos_token`, `eos_token`, …: String, Long,
    ///     Integer, Double, Boolean, `Collection`, `Map` with String keys, or [TrustedText] for strings that
    ///     are the model's own
    /// @param today what `strftime_now` tells
    /// @throws TemplateException if the template raises, breaks a budget, or uses something outside of the
    ///     subset
    public RenderedText render(Map<String, Object> variables, LocalDate today) {
        return new RenderedText(new Interpreter(today).run(body, variables));
    }
}
