package dev.redoubt.audit;

import java.util.BitSet;

/// Which names stand in the files of a project, and whether more than once. Names share places in a table of
/// bits, so one that stands once may seem to stand more often; never the other way round.
final class Words {
    private static final int PLACES = 1 << 22;

    private final BitSet any = new BitSet(PLACES);
    private final BitSet more = new BitSet(PLACES);

    /// All names and words of a text.
    void add(String text) {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            if (!Character.isJavaIdentifierPart(text.charAt(i))) continue;
            int hash = 0;
            for (; i < length && Character.isJavaIdentifierPart(text.charAt(i)); i++) hash = 31 * hash + text.charAt(i);
            int place = place(hash);
            if (any.get(place)) more.set(place);
            else any.set(place);
        }
    }

    void add(Words other) {
        BitSet both = (BitSet) any.clone();
        both.and(other.any);
        more.or(both);
        more.or(other.more);
        any.or(other.any);
    }

    /// Whether it stands nowhere but in one place.
    boolean isOnce(String name) {
        return !more.get(place(name.hashCode()));
    }

    private static int place(int hash) {
        return (hash ^ hash >>> 15) & PLACES - 1;
    }
}
