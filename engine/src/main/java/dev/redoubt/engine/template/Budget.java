package dev.redoubt.engine.template;

/// What one rendering may cost, and where it stands. One owner.
final class Budget {
    /* A template is a program of strangers and the data are a caller's, so both cost bounded work by construction:
     * - a step for every node evaluated, every item of a list made and every 32 characters looked at;
     * - every character of every string made, before it is made, so that nothing large is ever allocated;
     * - nesting of evaluation, so that the Java stack cannot overflow. */
    static final long STEPS_MAX = 2_000_000;
    static final long TEXT_CHARS_MAX = 32L << 20;
    static final int OUTPUT_CHARS_MAX = 4 << 20;
    static final int DEPTH_MAX = 200;
    static final int VALUE_DEPTH_MAX = 64;
    static final int LIST_ITEMS_MAX = 100_000;

    private long steps;
    private long textChars;
    private int depth;
    private int line;

    void at(int nowAt) {
        line = nowAt;
    }

    void step() {
        steps(1);
    }

    void steps(long count) {
        steps += count;
        if (steps > STEPS_MAX) throw fail("step budget of " + STEPS_MAX + " is used up");
    }

    /// Before characters are looked at.
    void scan(long chars) {
        steps(chars / 32);
    }

    /// Before a string of that many characters is made.
    void text(long chars) {
        textChars += chars;
        if (textChars > TEXT_CHARS_MAX) throw fail("text budget of " + TEXT_CHARS_MAX + " characters is used up");
    }

    /// Before a list of that many items is made.
    void list(long items) {
        if (items > LIST_ITEMS_MAX) throw fail("a list of " + items + " items, limit is " + LIST_ITEMS_MAX);
        steps(items);
    }

    void enter() {
        if (++depth > DEPTH_MAX) throw fail("nesting over the depth limit of " + DEPTH_MAX);
    }

    void leave() {
        depth--;
    }

    /// Nesting of a value that is walked.
    void valueDepth(int nesting) {
        if (nesting > VALUE_DEPTH_MAX) throw fail("a value nested over the depth limit of " + VALUE_DEPTH_MAX);
    }

    TemplateException fail(String problem) {
        return TemplateException.at(line, problem);
    }

    TemplateException raise(String message) {
        return TemplateException.raised(line, message);
    }
}
