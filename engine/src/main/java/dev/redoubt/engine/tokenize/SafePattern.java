package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;

/// Looks through a regular expression of a `tokenizer.json` before the library gets it.
final class SafePattern {
    /* The library's engine backtracks, and gives up after ten million steps with a panic that ends the process: one
     * pattern and one text would stop the server. So only forms are let through whose backtracking is bounded by the
     * length of the text:
     * - only a single character, class or escape is repeated without bound; a group is optional at most;
     * - nothing is repeated without bound inside a look-ahead;
     * - of two such repetitions in one alternative, nothing follows the second that could fail; there is no third.
     * Back-references, conditions, recursion, look-behind and the like have no place in a pre-tokenizer and are
     * refused by the list of what is known. All pre-tokenizers of the model families we serve pass. */
    private static final int CHARS_MAX = 4000;
    private static final int NESTING_MAX = 8;
    private static final String LETTERS = "sSdDwWrntfvbBhHpPxu";

    private final String pattern;
    private int at;

    private SafePattern(String pattern) {
        this.pattern = pattern;
    }

    /// @throws dev.redoubt.trust.ArtifactException if the pattern could run away, or is none that we know
    static void check(String pattern) {
        if (pattern.length() > CHARS_MAX)
            throw refused("has " + pattern.length() + " characters, limit is " + CHARS_MAX);
        SafePattern check = new SafePattern(pattern);
        check.alternatives(0);
        if (check.at < pattern.length()) throw refused("has a bracket without its beginning");
    }

    /// @return the most unbounded repetitions of one alternative
    private int alternatives(int nesting) {
        if (nesting > NESTING_MAX) throw refused("nests over the limit of " + NESTING_MAX);
        int most = 0;
        int inThis = 0;
        while (at < pattern.length() && pattern.charAt(at) != ')') {
            if (pattern.charAt(at) == '|') {
                at++;
                most = Math.max(most, inThis);
                inThis = 0;
                continue;
            }
            inThis = element(inThis, nesting);
        }
        return Math.max(most, inThis);
    }

    /// @return `before` and the unbounded repetitions of this element
    private int element(int before, int nesting) {
        boolean group = pattern.charAt(at) == '(';
        int inside = group ? group(nesting) : single();
        boolean optional = false;
        boolean unbounded = false;
        if (at < pattern.length()) {
            switch (pattern.charAt(at)) {
                case '?' -> {
                    optional = true;
                    at++;
                }
                case '*', '+' -> {
                    unbounded = true;
                    optional = pattern.charAt(at) == '*';
                    at++;
                }
                case '{' -> unbounded = bounds(group);
                default -> {}
            }
            if ((optional || unbounded) && at < pattern.length() && "+?".indexOf(pattern.charAt(at)) >= 0) at++;
        }
        if (group && unbounded) throw refused("repeats a group without bound");
        if (before >= 2 && !optional) throw refused("repeats too much in one alternative");
        int all = before + inside + (unbounded ? 1 : 0);
        if (all > 2) throw refused("repeats too much in one alternative");
        return all;
    }

    /// `{2}`, `{1,3}` or `{2,}`; whether it is without an upper bound.
    private boolean bounds(boolean group) {
        int end = pattern.indexOf('}', at);
        String[] bounds =
                end < 0 ? new String[0] : pattern.substring(at + 1, end).split(",", -1);
        boolean known = bounds.length == 1 || bounds.length == 2;
        for (int i = 0; known && i < bounds.length; i++)
            known = bounds[i].isEmpty()
                    ? i == 1
                    : bounds[i].length() <= 3 && bounds[i].chars().allMatch(c -> c >= '0' && c <= '9');
        if (!known) throw refused("has an unknown repetition");
        if (group) throw refused("repeats a group");
        at = end + 1;
        return bounds.length == 2 && bounds[1].isEmpty();
    }

    private int group(int nesting) {
        boolean lookAhead = pattern.startsWith("(?=", at) || pattern.startsWith("(?!", at);
        boolean plain = pattern.startsWith("(?:", at) || pattern.startsWith("(?i:", at);
        if (!lookAhead && !plain && pattern.startsWith("(?", at)) throw refused("has an unknown kind of group");
        at = pattern.startsWith("(?", at) ? at + (pattern.startsWith("(?i:", at) ? 4 : 3) : at + 1;
        int inside = alternatives(nesting + 1);
        if (at >= pattern.length()) throw refused("has an unclosed group");
        at++;
        if (lookAhead && inside > 0) throw refused("repeats without bound in a look-ahead");
        return inside;
    }

    private int single() {
        char c = pattern.charAt(at);
        if (c == '*' || c == '+' || c == '?' || c == '{') throw refused("repeats nothing");
        if (c == '[') characterClass();
        else if (c == '\\') escape();
        else at++;
        return 0;
    }

    private void characterClass() {
        int open = 0;
        do {
            if (at >= pattern.length()) throw refused("has an unclosed class");
            char c = pattern.charAt(at);
            if (c == '\\') {
                escape();
                continue;
            }
            if (c == '[') open++;
            if (c == ']') open--;
            at++;
        } while (open > 0);
    }

    private void escape() {
        if (at + 1 >= pattern.length()) throw refused("ends in an escape");
        char c = pattern.charAt(at + 1);
        boolean word = c < 0x80 && Character.isLetterOrDigit(c);
        if (word && LETTERS.indexOf(c) < 0) throw refused("has an unknown escape");
        at += 2;
        boolean braced = (c == 'p' || c == 'P' || c == 'x') && at < pattern.length() && pattern.charAt(at) == '{';
        if (!braced) return;
        int end = pattern.indexOf('}', at);
        if (end < 0) throw refused("has an unclosed escape");
        at = end + 1;
    }

    private static ArtifactException refused(String problem) {
        return new ArtifactException(
                "R1.3",
                "tokenizer.json has a regex pattern that " + problem + ": such a tokenizer could run without limit");
    }
}
