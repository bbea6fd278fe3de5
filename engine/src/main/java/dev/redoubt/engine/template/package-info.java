/// Chat templates: a sandboxed Jinja subset. Read [dev.redoubt.engine.template.ChatTemplate] first; then the
/// way of a template: `Lexer`, `Parser`, `Interpreter`, and `Text`, which remembers where characters come from.
/// Knows nothing of tokens.
@NullMarked
package dev.redoubt.engine.template;

import org.jspecify.annotations.NullMarked;
