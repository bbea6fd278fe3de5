package dev.redoubt.engine.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// What one step will compute. Valid until the next plan.
public final class StepPlan {
    /// One sequence's part.
    ///
    /// @param from position of the first token to compute
    /// @param tokens how many, 1 or more
    public record Entry(Sequence sequence, int from, int tokens) {
        /// Whether the last row belongs to the last token there is: its logits give the next one.
        public boolean catchesUp() {
            return from + tokens == sequence.length();
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private int tokens;

    /// In the order of rows.
    public List<Entry> entries() {
        return Collections.unmodifiableList(entries);
    }

    /// Of all sequences.
    public int tokens() {
        return tokens;
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }

    void add(Sequence sequence, int count) {
        entries.add(new Entry(sequence, sequence.computed, count));
        tokens += count;
    }

    void remove(Sequence sequence) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).sequence() != sequence) continue;
            tokens -= entries.remove(i).tokens();
            return;
        }
    }
}
