package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.VerifiedArtifact;
import java.util.Set;

/// Text to token ids and back, by Hugging Face `tokenizers`; one path for GGUF vocabularies and `tokenizer.json`. Safe for any
/// platform thread.
public final class Tokenizer implements AutoCloseable {
    private Tokenizer() {}

    /// @throws dev.redoubt.trust.ArtifactException if the artifact's vocabulary is missing, inconsistent or of an unknown kind
    public static Tokenizer of(VerifiedArtifact artifact) {
        throw new UnsupportedOperationException("tokenize: of");
    }

    /// Ids are 0 to that less one.
    public int vocabularySize() {
        throw new UnsupportedOperationException("tokenize: vocabularySize");
    }

    /// What the model puts before a prompt, if it does (`add_bos_token`).
    public java.util.OptionalInt bos() {
        throw new UnsupportedOperationException("tokenize: bos");
    }

    /// Whether [#encode] of a raw prompt starts with the BOS id.
    public boolean addsBos() {
        throw new UnsupportedOperationException("tokenize: addsBos");
    }

    /// Tokens that end a text.
    public Set<Integer> endOfSequence() {
        throw new UnsupportedOperationException("tokenize: endOfSequence");
    }

    /// The ids of a plain text, BOS included where the model wants it. Names of control tokens in the text are text, never control.
    public int[] encode(String text) {
        throw new UnsupportedOperationException("tokenize: encode");
    }

    /// As [#encode], never with a BOS.
    public int[] encodeWithoutBos(String text) {
        throw new UnsupportedOperationException("tokenize: encodeWithoutBos");
    }

    /// The ids of a rendered chat: control tokens are recognised only where every character comes from the template itself.
    public int[] encode(dev.redoubt.engine.template.RenderedText rendered) {
        throw new UnsupportedOperationException("tokenize: encode");
    }

    /// The text of ids; control tokens give their names unless `skipControl`.
    public String decode(int[] ids, boolean skipControl) {
        throw new UnsupportedOperationException("tokenize: decode");
    }

    /// The bytes one token stands for; of a control token its name.
    public byte[] bytes(int id) {
        throw new UnsupportedOperationException("tokenize: bytes");
    }

    public boolean isControl(int id) {
        throw new UnsupportedOperationException("tokenize: isControl");
    }

    /// A decoder for tokens that arrive one by one.
    ///
    /// @param skipControl control tokens yield nothing, else their names
    public StreamDecoder newStreamDecoder(boolean skipControl) {
        throw new UnsupportedOperationException("tokenize: newStreamDecoder");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("tokenize: close");
    }
}
