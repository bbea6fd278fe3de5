package dev.redoubt.engine.tokenize;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// What the tokens of a model stand for. Immutable.
///
/// @param bytes by id; of a control token its name in UTF-8; empty where there is no such token
/// @param bos what the model puts before a prompt
/// @param addsBos whether a raw prompt begins with it
/// @param ends tokens that end a text
/// @param stripsFirstSpace whether the space before the first word is an artefact, as in SentencePiece
record Vocabulary(
        byte[][] bytes,
        List<ControlToken> controls,
        BitSet controlIds,
        OptionalInt bos,
        boolean addsBos,
        Set<Integer> ends,
        boolean stripsFirstSpace) {

    int size() {
        return bytes.length;
    }

    boolean isControl(int id) {
        return controlIds.get(id);
    }
}
