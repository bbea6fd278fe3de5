package dev.redoubt.engine.tokenize;

import java.util.Map;

/// All that is needed to make a [Tokenizer].
///
/// @param vocabulary what tokens stand for
/// @param json a `tokenizer.json` in UTF-8, without control tokens, truncation, padding or post-processing
/// @param continuingJson the same for text that does not stand at the very start; equal to `json` where that
///     makes no difference
/// @param expansions ids that only the library knows, with the ids they stand for
@SuppressWarnings("ArrayRecordComponent") // large, handed over once and not compared
record TokenizerPlan(Vocabulary vocabulary, byte[] json, byte[] continuingJson, Map<Integer, int[]> expansions) {}
