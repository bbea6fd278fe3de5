package dev.redoubt.serve.route;

import dev.redoubt.base.Invariant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Calls in their order, linked through themselves: joining and leaving anywhere costs no search and no memory.
/// A call is in one list at most. Guarded by the router's lock.
final class CallList {
    private @Nullable RoutedCall first;
    private @Nullable RoutedCall last;
    private int size;

    int size() {
        return size;
    }

    void addLast(RoutedCall call) {
        join(call);
        call.previous = last;
        if (last == null) first = call;
        else last.next = call;
        last = call;
    }

    void addFirst(RoutedCall call) {
        join(call);
        call.next = first;
        if (first == null) last = call;
        else first.previous = call;
        first = call;
    }

    @Nullable
    RoutedCall first() {
        return first;
    }

    void remove(RoutedCall call) {
        Invariant.hold(call.list == this, "a call leaves a list that it is not in");
        if (call.previous == null) first = call.next;
        else call.previous.next = call.next;
        if (call.next == null) last = call.previous;
        else call.next.previous = call.previous;
        call.previous = null;
        call.next = null;
        call.list = null;
        size--;
    }

    /// As it is now.
    List<RoutedCall> copy() {
        List<RoutedCall> all = new ArrayList<>(size);
        for (RoutedCall call = first; call != null; call = call.next) all.add(call);
        return all;
    }

    private void join(RoutedCall call) {
        Invariant.hold(call.list == null, "a call joins two lists");
        call.list = this;
        size++;
    }
}
