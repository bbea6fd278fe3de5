package dev.redoubt.serve.control;

import dev.redoubt.base.FaultText;
import dev.redoubt.base.TimeSource;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What has happened to applications lately, for operators: what states they went through and why, which replicas
/// came and went, which calls failed, and what their code has printed. Of its own it holds nothing of a request but its
/// id. In memory, and bounded: the oldest goes. Safe for any thread.
public final class Journal {
    private static final int ENTRIES_MAX = 500; // of one application
    private static final int LINES_MAX = 200; // printed by its code: chatter drives out no other entry
    private static final int APPLICATIONS_MAX = 256;
    private static final int TEXT_LENGTH_MAX = 500;
    private static final Pattern FAULT_CLASS = Pattern.compile("[A-Za-z_$][A-Za-z0-9_$.]{0,199}");

    private final TimeSource time;
    private final Map<String, Kept> byApplication = new LinkedHashMap<>(); // guarded by this; lately told of last
    private long entries; // guarded by this

    /// @param number rises by one with each entry of any application
    /// @param deployment empty: the whole application
    /// @param subject a replica or request; empty: the deployment
    public record Entry(long number, Instant at, String deployment, String subject, String text) {}

    private record Kept(Deque<Entry> entries, Deque<Entry> lines) {}

    Journal(TimeSource time) {
        this.time = time;
    }

    /// The oldest first; empty where nothing is known of it.
    public synchronized List<Entry> of(String application) {
        Kept kept = byApplication.get(application);
        if (kept == null) return List.of();
        return Stream.concat(kept.entries.stream(), kept.lines.stream())
                .sorted(Comparator.comparingLong(Entry::number))
                .toList();
    }

    /// A replica's code has printed a line, which is its author's: it is kept as it is.
    public void printed(String application, String deployment, String replicaId, String line) {
        add(application, deployment, replicaId, "prints: " + line, true);
    }

    /// What is wanted of an application has changed.
    void changed(Change change, String application, long version, String reason) {
        add(application, "", "", change + ", version " + version + (reason.isEmpty() ? "" : ": " + reason));
    }

    void entered(String application, String deployment, DeploymentState state, Trigger trigger, String reason) {
        add(application, deployment, "", state + " (" + trigger + ")" + (reason.isEmpty() ? "" : ": " + reason));
    }

    void replica(String application, String deployment, String replicaId, String text) {
        add(application, deployment, replicaId, text);
    }

    /// A call of the deployment failed by a fault. Whoever called has its id as `error_id`.
    ///
    /// @param fault where it was, as logs have it; empty where that is not known. Its class is kept, or a reason of
    ///     ours
    void failed(String application, String deployment, String requestId, String fault) {
        String faultClass = fault.split(" ", 2)[0];
        boolean named = FAULT_CLASS.matcher(faultClass).matches();
        String reason = fault.startsWith(FaultText.REASON)
                ? fault.substring(FaultText.REASON.length())
                : named ? faultClass : "";
        add(application, deployment, requestId, "failed" + (reason.isEmpty() ? "" : ": " + reason));
    }

    private void add(String application, String deployment, String subject, String text) {
        add(application, deployment, subject, text, false);
    }

    private synchronized void add(String application, String deployment, String subject, String text, boolean line) {
        Kept known = byApplication.remove(application);
        Kept kept = known == null ? new Kept(new ArrayDeque<>(), new ArrayDeque<>()) : known;
        byApplication.put(application, kept);
        if (byApplication.size() > APPLICATIONS_MAX)
            byApplication.remove(byApplication.keySet().iterator().next());
        Deque<Entry> own = line ? kept.lines : kept.entries;
        if (own.size() == (line ? LINES_MAX : ENTRIES_MAX)) own.removeFirst();
        String bounded = text.length() <= TEXT_LENGTH_MAX ? text : text.substring(0, TEXT_LENGTH_MAX) + "…";
        own.addLast(new Entry(++entries, time.now(), deployment, subject, bounded));
    }
}
