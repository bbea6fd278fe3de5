package dev.redoubt.engine.schedule;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What one step will compute, in the order of rows. Reused: valid until the next plan.
public final class StepPlan {
    /// One sequence's part.
    public static final class Entry {
        private @Nullable Sequence sequence;
        private int from;
        private int tokens;
        private int drafted;

        public Sequence sequence() {
            return Objects.requireNonNull(sequence);
        }

        /// Position of the first token to compute.
        public int from() {
            return from;
        }

        /// How many, 1 or more, guesses included.
        public int tokens() {
            return tokens;
        }

        /// How many of them were guessed: the last ones.
        public int drafted() {
            return drafted;
        }

        /// Whether there is a row for the last token there is: its logits give the next one.
        public boolean catchesUp() {
            return from + tokens - drafted == sequence().length();
        }
    }

    private final Entry[] entries;
    private int size;
    private int tokens;
    private int decodes;
    private int drafted;

    StepPlan(int sequencesMax) {
        this.entries = new Entry[sequencesMax];
        for (int i = 0; i < sequencesMax; i++) entries[i] = new Entry();
    }

    /// How many sequences take part.
    public int size() {
        return size;
    }

    /// @param index 0-based, below [#size()]
    public Entry entry(int index) {
        return entries[Objects.checkIndex(index, size)];
    }

    /// Of all sequences.
    public int tokens() {
        return tokens;
    }

    /// Sequences that lack one token.
    public int decodes() {
        return decodes;
    }

    /// Guessed tokens of all sequences.
    public int drafted() {
        return drafted;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    void clear() {
        for (int i = 0; i < size; i++) entries[i].sequence = null;
        size = 0;
        tokens = 0;
        decodes = 0;
        drafted = 0;
    }

    /// @param count tokens that the sequence lacks; its guesses come on top
    void add(Sequence sequence, int count) {
        Entry entry = entries[size++];
        entry.sequence = sequence;
        entry.from = sequence.computed;
        entry.drafted = sequence.drafted;
        entry.tokens = count + sequence.drafted;
        tokens += entry.tokens;
        drafted += entry.drafted;
        if (sequence.missing() == 1) decodes++;
    }

    void remove(Sequence sequence) {
        for (int i = 0; i < size; i++) {
            Entry removed = entries[i];
            if (removed.sequence != sequence) continue;
            tokens -= removed.tokens;
            drafted -= removed.drafted;
            if (sequence.missing() == 1) decodes--;
            System.arraycopy(entries, i + 1, entries, i, --size - i);
            entries[size] = removed;
            removed.sequence = null;
            return;
        }
    }
}
