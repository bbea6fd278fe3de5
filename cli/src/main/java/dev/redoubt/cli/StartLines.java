package dev.redoubt.cli;

import dev.redoubt.policy.Waiver;
import java.util.List;

/// What a start says beside where it listens.
final class StartLines {
    private StartLines() {}

    /// One line for each: nobody shall be able to say that he did not know.
    static List<String> waivers(List<Waiver> waivers) {
        return waivers.stream()
                .map(waiver ->
                        "waiver " + waiver.rule().id() + " until " + waiver.expires() + "  (" + waiver.reason() + ")")
                .toList();
    }
}
