package dev.redoubt.policy.screen;

import dev.redoubt.base.Check;
import java.util.List;

/// How prompts are screened (V5.2).
///
/// @param chat of the chat route
/// @param completions of the completion routes
/// @param own patterns of the operator beside the built-in ones, see [PromptScreen#lettersOf]
public record ScreenRules(ScreenMode chat, ScreenMode completions, List<String> own) {
    public static final int OWN_MAX = 32;
    public static final int OWN_LENGTH_MAX = 64;
    /// Less is found everywhere.
    public static final int OWN_LETTERS_MIN = 4;

    public static final ScreenRules DEFAULT = new ScreenRules(ScreenMode.SIGNAL, ScreenMode.SIGNAL, List.of());

    public ScreenRules {
        own = List.copyOf(own);
        Check.inRange("own patterns", own.size(), 0, OWN_MAX);
        for (String pattern : own) {
            Check.inRange("length of an own pattern", pattern.length(), 1, 2 * OWN_LENGTH_MAX);
            Check.that(
                    PromptScreen.lettersOf(pattern) >= OWN_LETTERS_MIN,
                    "an own pattern has fewer than %s letters",
                    OWN_LETTERS_MIN);
        }
    }
}
