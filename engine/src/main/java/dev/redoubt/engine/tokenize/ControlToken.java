package dev.redoubt.engine.tokenize;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A token that is not text: a marker of the chat format, or of the end.
///
/// @param stripsBefore whitespace before it belongs to it (`lstrip`)
/// @param stripsAfter whitespace after it belongs to it (`rstrip`)
record ControlToken(int id, String name, boolean stripsBefore, boolean stripsAfter) {
    /// Names that end what a model says, wherever they are control tokens; llama.cpp's list, less those that
    /// also stand inside of an answer. Files often declare only one end.
    private static final Set<String> ENDS = Set.of(
            "<|im_end|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<end_of_turn>",
            "<|end|>",
            "<EOT>",
            "_<EOT>",
            "<end_of_utterance>",
            "<｜end▁of▁sentence｜>");

    /// Names that are control tokens even where a file lists them as plain or user-defined: whoever could write
    /// them in a message could speak as somebody else.
    private static final Set<String> TURNS = Set.of(
            "<|im_start|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<start_of_turn>",
            "<|begin_of_text|>",
            "<|system|>",
            "<|user|>",
            "<|assistant|>");

    /// The ids of those that end a text by their name.
    static Set<Integer> ends(List<ControlToken> controls) {
        Set<Integer> ends = new HashSet<>();
        boolean endIsInside =
                controls.stream().anyMatch(c -> c.name().equals("<|return|>")); // channels end with <|end|> there
        for (ControlToken control : controls) {
            if (endIsInside && control.name().equals("<|end|>")) continue;
            if (ENDS.contains(control.name())) ends.add(control.id());
        }
        return ends;
    }

    static boolean isAlwaysControl(String name) {
        return ENDS.contains(name) || TURNS.contains(name);
    }
}
