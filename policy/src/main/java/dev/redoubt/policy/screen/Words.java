package dev.redoubt.policy.screen;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/// Finds all of a set of words in a stream of letters, one step a letter (Aho and Corasick, 1975). Immutable; the state
/// is the caller's.
final class Words {
    static final int START = 0;

    private static final int[] NONE = {};

    private final char[] classes = new char[1 << 16]; // by letter; 0 is in no word
    private final int classCount;
    private final int[][] next; // by state and class
    private final int[][] ends; // by state: the words that end here

    /// @param words of letters, none empty; a word's number is its place
    Words(List<String> words) {
        int count = 1;
        for (String word : words)
            for (char letter : word.toCharArray()) if (classes[letter] == 0) classes[letter] = (char) count++;
        classCount = count;
        List<int[]> states = new ArrayList<>();
        List<int[]> found = new ArrayList<>();
        add(states, found);
        for (int word = 0; word < words.size(); word++) {
            int state = START;
            for (char letter : words.get(word).toCharArray()) {
                int[] row = states.get(state);
                if (row[classes[letter]] == 0) row[classes[letter]] = add(states, found);
                state = row[classes[letter]];
            }
            found.set(state, joined(found.get(state), new int[] {word}));
        }
        next = states.toArray(int[][]::new);
        ends = found.toArray(int[][]::new);
        link();
    }

    /// The state behind one more letter.
    int step(int state, char letter) {
        return next[state][classes[letter]];
    }

    /// The words that end in a state.
    int[] ends(int state) {
        return ends[state];
    }

    private int add(List<int[]> states, List<int[]> found) {
        states.add(new int[classCount]);
        found.add(NONE);
        return states.size() - 1;
    }

    /// Breadth first: what a state lacks it takes from the state of its longest proper suffix.
    private void link() {
        int[] suffix = new int[next.length];
        Queue<Integer> open = new ArrayDeque<>();
        for (int child : next[START]) if (child != START) open.add(child);
        for (Integer at = open.poll(); at != null; at = open.poll()) {
            int[] row = next[at];
            int[] fallback = next[suffix[at]];
            ends[at] = joined(ends[at], ends[suffix[at]]);
            for (int c = 0; c < classCount; c++) {
                if (row[c] == 0) {
                    row[c] = fallback[c];
                } else {
                    suffix[row[c]] = fallback[c];
                    open.add(row[c]);
                }
            }
        }
    }

    private static int[] joined(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
