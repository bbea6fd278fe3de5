package dev.redoubt.engine.tokenize;

import dev.redoubt.engine.tokenize.WordPieceConversion.Plan;
import dev.redoubt.trust.VerifiedArtifact;

/// Text to token ids for encoders of BERT's kind, by Hugging Face `tokenizers` as [Tokenizer]: normalized, cut
/// into words, each word into the longest pieces that the vocabulary has. Names of control tokens in a text are
/// text. Safe for any platform thread: native code pins a virtual thread to its carrier.
public final class WordPiece implements AutoCloseable {
    private final Plan plan;
    private final TokenLibrary library;

    private WordPiece(Plan plan) {
        this.plan = plan;
        this.library = new TokenLibrary(plan.json());
    }

    /// Reads `tokenizer.json`, or the metadata of a GGUF file; the artifact is not read afterwards.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if it is missing, inconsistent or of an unknown kind
    public static WordPiece of(VerifiedArtifact artifact) {
        return of(
                switch (artifact.container()) {
                    case GGUF -> GgufWordPiece.files(artifact.gguf());
                    case SAFETENSORS -> TokenizerFiles.of(artifact);
                });
    }

    static WordPiece of(TokenizerFiles files) {
        return new WordPiece(WordPieceConversion.plan(files));
    }

    /// The ids of a text, with what the model puts before and after it.
    public int[] encode(String text) {
        long[] pieces = library.ids(Tokenizer.wellFormed(text));
        int[] ids = new int[pieces.length + 2];
        ids[0] = plan.first();
        for (int i = 0; i < pieces.length; i++) ids[i + 1] = (int) pieces[i];
        ids[ids.length - 1] = plan.last();
        return ids;
    }

    /// About the text that these ids come from: words with spaces between them, normalized; control tokens give
    /// their names.
    public String decode(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String token = plan.tokens()[id];
            if (token == null) continue;
            boolean goesOn = token.startsWith(plan.prefix()) && !plan.control().contains(id);
            if (!goesOn && !text.isEmpty()) text.append(' ');
            text.append(goesOn ? token.substring(plan.prefix().length()) : token);
        }
        return text.toString();
    }

    @Override
    public void close() {
        library.close();
    }
}
