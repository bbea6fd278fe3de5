package dev.redoubt.engine.tokenize;

import dev.redoubt.engine.template.RenderedText;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;

/// Text to token ids and back, by Hugging Face `tokenizers`; one path for GGUF vocabularies and
/// `tokenizer.json`. Safe for any platform thread: native code pins a virtual thread to its carrier.
///
/// The library unpacks its native part into the folder that the system property `ENGINE_CACHE_DIR` names; set
/// it, and `ai.djl.offline` to `true` and `RUST_FLAVOR` to `cpu`, before the first use.
public final class Tokenizer implements AutoCloseable {
    /* Control tokens: the library never sees one. They are stripped from what it is given, so no text becomes one;
     * this class puts them where a template wrote their whole name itself. A rendered chat is cut there, and every
     * run between is encoded on its own, as plain text, whatever its pieces' origins: that is how transformers and
     * llama.cpp cut, too. Added tokens that are not special (`<tool_call>`, `<think>`) are words of the model and
     * found in any text.
     *
     * Spaces at the cuts, as transformers has them: SentencePiece files with a `Prepend` normalizer, or with
     * Metaspace "always", and GGUF files with `add_space_prefix`, put a space before every run; Metaspace "first"
     * only before a run at the very start of the text. Tokens with `rstrip` or `lstrip` swallow whitespace beside
     * them. */
    private final Vocabulary vocabulary;
    private final TokenLibrary library;
    private final TokenLibrary continuing;
    private final Map<Integer, int[]> expansions;
    private final ControlNames controls;

    private Tokenizer(TokenizerPlan plan) {
        this.vocabulary = plan.vocabulary();
        this.expansions = plan.expansions();
        this.library = new TokenLibrary(plan.json());
        this.continuing =
                Arrays.equals(plan.continuingJson(), plan.json()) ? library : new TokenLibrary(plan.continuingJson());
        this.controls = new ControlNames(vocabulary.controls());
    }

    /// @throws dev.redoubt.trust.ArtifactException if the artifact's vocabulary is missing, inconsistent or of
    ///     an unknown kind
    public static Tokenizer of(VerifiedArtifact artifact) {
        return reading(artifact).get();
    }

    /// Reads what the artifact has; what it returns makes the tokenizer of it, and reads the artifact no more.
    ///
    /// @throws dev.redoubt.trust.ArtifactException as [#of], here or there
    public static Supplier<Tokenizer> reading(VerifiedArtifact artifact) {
        return switch (artifact.container()) {
            case GGUF -> {
                GgufVocabulary gguf = GgufVocabulary.of(artifact.gguf());
                yield () -> of(gguf);
            }
            case SAFETENSORS -> {
                TokenizerFiles files = TokenizerFiles.of(artifact);
                yield () -> of(files);
            }
        };
    }

    static Tokenizer of(GgufVocabulary gguf) {
        return new Tokenizer(GgufConversion.plan(gguf));
    }

    static Tokenizer of(TokenizerFiles files) {
        return new Tokenizer(JsonConversion.plan(files));
    }

    /// Ids are 0 to that less one.
    public int vocabularySize() {
        return vocabulary.size();
    }

    /// What the model puts before a prompt, if it does (`add_bos_token`).
    public OptionalInt bos() {
        return vocabulary.bos();
    }

    /// Whether [#encode] of a raw prompt starts with the BOS id.
    public boolean addsBos() {
        return vocabulary.addsBos();
    }

    /// Tokens that end a text: those that the files declare, and control tokens whose name says so
    /// (`<|im_end|>`, `<|eot_id|>`, `<|endoftext|>`, …), as llama.cpp does, since many files declare only one
    /// of theirs. A special token that ends the text after a prompt (`add_eos_token`) is never added: a prompt
    /// is to be continued.
    public Set<Integer> endOfSequence() {
        return vocabulary.ends();
    }

    /// The ids of a plain text, BOS included where the model wants it. Names of control tokens in the text are
    /// text, never control.
    public int[] encode(String text) {
        Ids ids = new Ids();
        if (vocabulary.addsBos()) ids.add(vocabulary.bos().orElseThrow());
        encode(text, true, ids);
        return ids.toArray();
    }

    /// As [#encode], never with a BOS.
    public int[] encodeWithoutBos(String text) {
        Ids ids = new Ids();
        encode(text, true, ids);
        return ids.toArray();
    }

    /// The ids of a rendered chat: control tokens are recognised only where every character comes from the
    /// template itself. A BOS is there only if the template writes it.
    public int[] encode(RenderedText rendered) {
        Ids ids = new Ids();
        StringBuilder run = new StringBuilder();
        boolean stripStart = false;
        for (RenderedText.Piece piece : joined(rendered)) {
            String text = piece.text();
            int from = 0;
            int at = piece.fromTemplate() ? 0 : text.length();
            while (at < text.length()) {
                Optional<ControlToken> found = controls.at(text, at);
                if (found.isEmpty()) {
                    at++;
                    continue;
                }
                ControlToken control = found.get();
                run.append(text, from, at);
                encode(stripped(run, stripStart, control.stripsBefore()), ids.size == 0, ids);
                run.setLength(0);
                ids.add(control.id());
                stripStart = control.stripsAfter();
                at += control.name().length();
                from = at;
            }
            run.append(text, from, text.length());
        }
        encode(stripped(run, stripStart, false), ids.size == 0, ids);
        return ids.toArray();
    }

    /// Neighbours of one origin made one, so that a name is found that two of them hold together.
    private static List<RenderedText.Piece> joined(RenderedText rendered) {
        List<RenderedText.Piece> joined = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        boolean fromTemplate = false;
        for (RenderedText.Piece piece : rendered.pieces()) {
            if (piece.fromTemplate() != fromTemplate && !text.isEmpty()) {
                joined.add(new RenderedText.Piece(text.toString(), fromTemplate));
                text.setLength(0);
            }
            fromTemplate = piece.fromTemplate();
            text.append(piece.text());
        }
        joined.add(new RenderedText.Piece(text.toString(), fromTemplate));
        return joined;
    }

    private static String stripped(StringBuilder run, boolean start, boolean end) {
        String text = run.toString();
        if (start) text = text.stripLeading();
        return end ? text.stripTrailing() : text;
    }

    private void encode(String text, boolean atStart, Ids ids) {
        for (long id : (atStart ? library : continuing).ids(wellFormed(text))) {
            int[] spelled = expansions.get((int) id);
            if (spelled == null) ids.add((int) id);
            else for (int one : spelled) ids.add(one);
        }
    }

    /// Without halves of surrogate pairs, which have no UTF-8: each becomes U+FFFD.
    static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) continue;
            StringBuilder all = new StringBuilder(text.length());
            text.codePoints().forEach(c -> all.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
            return all.toString();
        }
        return text;
    }

    /// The text of ids; control tokens give their names unless `skipControl`.
    public String decode(int[] ids, boolean skipControl) {
        StreamDecoder decoder = newStreamDecoder(skipControl);
        StringBuilder text = new StringBuilder();
        for (int id : ids) text.append(decoder.push(id));
        return text.append(decoder.rest()).toString();
    }

    /// The bytes one token stands for; of a control token its name; none where the model has an id and the
    /// vocabulary no token.
    public byte[] bytes(int id) {
        return vocabulary.bytes()[id].clone();
    }

    public boolean isControl(int id) {
        return vocabulary.isControl(id);
    }

    /// A decoder for tokens that arrive one by one and begin a text: the concatenation of its answers is
    /// [#decode].
    ///
    /// @param skipControl control tokens yield nothing, else their names
    public StreamDecoder newStreamDecoder(boolean skipControl) {
        return new VocabularyDecoder(vocabulary, skipControl, true);
    }

    /// A decoder for tokens that go on where a prompt ended. The difference is one space: SentencePiece's first
    /// word of a text has an artificial one, a word after other words has a real one.
    ///
    /// @param skipControl control tokens yield nothing, else their names
    /// @param prompt what stands before
    public StreamDecoder newStreamDecoder(boolean skipControl, int[] prompt) {
        boolean atStart = true;
        for (int id : prompt) atStart &= vocabulary.isControl(id);
        return new VocabularyDecoder(vocabulary, skipControl, atStart);
    }

    /// A growing array of ids.
    private static final class Ids {
        private int[] ids = new int[64];
        private int size;

        void add(int id) {
            if (size == ids.length) ids = Arrays.copyOf(ids, 2 * size);
            ids[size++] = id;
        }

        int[] toArray() {
            return Arrays.copyOf(ids, size);
        }
    }

    @Override
    public void close() {
        library.close();
        if (continuing != library) continuing.close();
    }
}
