package dev.redoubt.engine.tokenize;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds names of control tokens in a text; of several that begin at one place the longest.
final class ControlNames {
    private final Map<Character, List<ControlToken>> byFirst = new HashMap<>();

    ControlNames(List<ControlToken> controls) {
        for (ControlToken control : controls)
            byFirst.computeIfAbsent(control.name().charAt(0), c -> new ArrayList<>())
                    .add(control);
        for (List<ControlToken> sharing : byFirst.values())
            sharing.sort((a, b) -> Integer.compare(b.name().length(), a.name().length()));
    }

    Optional<ControlToken> at(String text, int index) {
        for (ControlToken control : byFirst.getOrDefault(text.charAt(index), List.of()))
            if (text.startsWith(control.name(), index)) return Optional.of(control);
        return Optional.empty();
    }
}
