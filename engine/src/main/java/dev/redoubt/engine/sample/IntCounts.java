package dev.redoubt.engine.sample;

import dev.redoubt.base.Invariant;
import java.util.Arrays;

/// How often each number was counted. Open addressing over two arrays made once: counting allocates nothing.
final class IntCounts {
    private final int[] keys; // -1: a free place
    private final int[] counts; // by place
    private int size;

    /// @param keysMax different numbers that may be counted, none negative
    IntCounts(int keysMax) {
        int places = Integer.highestOneBit(Math.max(2, 2 * keysMax - 1)) << 1; // at most half full
        keys = new int[places];
        counts = new int[places];
        Arrays.fill(keys, -1);
    }

    void add(int key) {
        int place = place(key);
        if (keys[place] < 0) Invariant.hold(++size < keys.length, "%d numbers are more than were foreseen", size);
        keys[place] = key;
        counts[place]++;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /// Places from 0 to that less one may hold something.
    int places() {
        return keys.length;
    }

    /// Negative: nothing is there.
    int keyAt(int place) {
        return keys[place];
    }

    int countAt(int place) {
        return counts[place];
    }

    private int place(int key) {
        int mask = keys.length - 1;
        int place = key * 0x9E3779B9 >>> 7 & mask;
        while (keys[place] != key && keys[place] >= 0) place = (place + 1) & mask;
        return place;
    }
}
