package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Value;

/// Which addresses go beyond this machine.
final class Hosts {
    private Hosts() {}

    /// All interfaces, in any spelling.
    static boolean mayBePublic(Value host) {
        return host.texts()
                .anyMatch(
                        text -> text.equals("0.0.0.0") || text.equals("::") || text.equals("[::]") || text.equals("*"));
    }

    /// Whether it is this machine alone, whatever of it applies.
    static boolean isLoopback(Value host) {
        return host.alternatives()
                .allMatch(one -> one instanceof Value.Text(String text)
                        && (text.startsWith("127.") || text.equals("localhost") || text.equals("::1")));
    }
}
