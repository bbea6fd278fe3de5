/// Text to token ids and back. Read [dev.redoubt.engine.tokenize.Tokenizer] first; then `GgufConversion` and
/// `JsonConversion`, the two ways from a model's files to what the native library is given, and
/// `VocabularyDecoder`, the way back, which is ours. Knows nothing of models, and of templates only what they
/// render.
@NullMarked
package dev.redoubt.engine.tokenize;

import org.jspecify.annotations.NullMarked;
