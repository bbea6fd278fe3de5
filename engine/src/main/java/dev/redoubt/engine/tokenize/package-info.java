/// Text to token ids and back. Read [dev.redoubt.engine.tokenize.Tokenizer] first. Knows nothing of models or templates.
@NullMarked
package dev.redoubt.engine.tokenize;

import org.jspecify.annotations.NullMarked;
