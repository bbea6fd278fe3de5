package dev.redoubt.engine.tokenize;

/// The bytes of a vocabulary's tokens, as text. One owner.
final class VocabularyDecoder implements StreamDecoder {
    private final Vocabulary vocabulary;
    private final boolean skipControl;
    private final Utf8Assembler assembler = new Utf8Assembler();
    private boolean atStart;

    /// @param atStart nothing stands before: the space of the first word is an artefact where the vocabulary
    ///     says so
    VocabularyDecoder(Vocabulary vocabulary, boolean skipControl, boolean atStart) {
        this.vocabulary = vocabulary;
        this.skipControl = skipControl;
        this.atStart = atStart && vocabulary.stripsFirstSpace();
    }

    @Override
    public String push(int id) {
        if (skipControl && vocabulary.isControl(id)) return "";
        byte[] bytes = vocabulary.bytes()[id];
        if (bytes.length == 0) return "";
        StringBuilder out = new StringBuilder(bytes.length);
        int from = atStart && bytes[0] == ' ' ? 1 : 0;
        atStart = false;
        for (int i = from; i < bytes.length; i++) assembler.push(bytes[i], out);
        return out.toString();
    }

    @Override
    public String rest() {
        StringBuilder out = new StringBuilder(1);
        assembler.end(out);
        return out.toString();
    }
}
