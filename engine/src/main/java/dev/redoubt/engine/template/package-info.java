/// Chat templates: a sandboxed Jinja subset. Read [dev.redoubt.engine.template.ChatTemplate] first. Knows nothing of tokens.
@NullMarked
package dev.redoubt.engine.template;

import org.jspecify.annotations.NullMarked;
