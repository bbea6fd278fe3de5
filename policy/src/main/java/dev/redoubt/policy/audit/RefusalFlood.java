package dev.redoubt.policy.audit;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.audit.AuditChain.Item;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keeps those who are refused again and again from filling the disk: of one kind, rule and actor the first few
/// refusals of a minute are records of their own, all further ones become one record that says how many. Safe
/// for any thread; nobody waits in it for more than a look into a map.
final class RefusalFlood {
    static final int INDIVIDUAL_MAX = 10;
    static final Duration WINDOW = Duration.ofSeconds(60);
    /// Beyond as many at once, refusals are counted by kind alone.
    static final int WINDOWS_MAX = 512;

    private static final String OTHERS = "others";

    private final TimeSource time;
    private final Map<Key, Window> windows = new HashMap<>(); // guarded by this

    private record Key(AuditKind kind, Optional<Requirement> rule, String actor, String application) {}

    private static final class Window {
        final long startNanos;
        int individual;
        long counted;

        Window(long startNanos) {
            this.startNanos = startNanos;
        }
    }

    RefusalFlood(TimeSource time) {
        this.time = time;
    }

    /// Whether this one gets a record of its own; if not, it is counted.
    synchronized boolean admits(AuditEvent event) {
        Window window = window(event);
        if (window.individual < INDIVIDUAL_MAX) {
            window.individual++;
            return true;
        }
        window.counted++;
        return false;
    }

    /// Counts one that was admitted and for which there is no room after all.
    synchronized void count(AuditEvent event) {
        window(event).counted++;
    }

    /// What was counted in windows that are over, and in all of them at the end.
    synchronized List<Item> counted(boolean all) {
        List<Item> items = new ArrayList<>();
        long now = time.nanos();
        for (Iterator<Map.Entry<Key, Window>> each = windows.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<Key, Window> entry = each.next();
            Window window = entry.getValue();
            if (!all && now - window.startNanos < WINDOW.toNanos()) continue;
            each.remove();
            if (window.counted > 0) items.add(new Item(event(entry.getKey()), time.now(), window.counted));
        }
        return items;
    }

    private Window window(AuditEvent event) {
        Key key = new Key(event.kind(), event.rule(), event.actor(), event.application());
        if (windows.size() >= WINDOWS_MAX && !windows.containsKey(key)) {
            Window others = windows.computeIfAbsent(
                    new Key(event.kind(), Optional.empty(), OTHERS, ""), fresh -> new Window(time.nanos()));
            others.individual = INDIVIDUAL_MAX;
            return others;
        }
        return windows.computeIfAbsent(key, fresh -> new Window(time.nanos()));
    }

    private static AuditEvent event(Key key) {
        return new AuditEvent(key.kind(), key.actor(), key.application(), "", key.rule(), "counted", "");
    }
}
