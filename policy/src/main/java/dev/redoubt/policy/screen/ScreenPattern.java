package dev.redoubt.policy.screen;

import java.util.List;

/// What is looked for. Words are written as they are spoken; of a text and a word alike only the letters count.
sealed interface ScreenPattern {
    /// Its name in metrics and logs; never a part of a text.
    String id();

    /// A word of each group, one after the other.
    ///
    /// @param gapMax letters between two of them
    record Phrase(String id, int gapMax, List<List<String>> groups) implements ScreenPattern {}

    /// A word that begins a line or a sentence and has a colon behind it.
    record Marker(String id, List<String> words) implements ScreenPattern {}

    /// The two guides' `ignore previous`, `system:` and `admin:`, with what says the same in other words (OWASP LLM01,
    /// prompt injection, in both editions). English: what an operator fears in other languages is his to add.
    List<ScreenPattern> BUILT_IN = List.of(
            new Phrase(
                    "ignore-previous",
                    16,
                    List.of(
                            List.of("ignore", "disregard", "forget", "do not follow", "don't follow", "stop following"),
                            List.of("previous", "prior", "above", "earlier", "preceding", "foregoing"))),
            new Phrase(
                    "ignore-instructions",
                    20,
                    List.of(
                            List.of("ignore", "disregard", "forget", "override", "overrule", "bypass", "circumvent"),
                            List.of(
                                    "instructions",
                                    "guidelines",
                                    "directives",
                                    "system prompt",
                                    "your rules",
                                    "your training",
                                    "safety filter",
                                    "content policy"))),
            new Phrase(
                    "reveal-prompt",
                    16,
                    List.of(
                            List.of(
                                    "reveal", "show", "print", "repeat", "output", "display", "leak", "tell me",
                                    "dump"),
                            List.of(
                                    "system prompt",
                                    "system message",
                                    "developer message",
                                    "initial prompt",
                                    "initial instructions",
                                    "hidden prompt",
                                    "hidden instructions",
                                    "your instructions",
                                    "your prompt"))),
            new Phrase(
                    "new-instructions",
                    0,
                    List.of(List.of(
                            "new system prompt",
                            "end of system prompt",
                            "your new instructions are",
                            "here are your new instructions",
                            "your instructions have changed"))),
            new Phrase(
                    "unrestricted-role",
                    24,
                    List.of(
                            List.of("you are now", "from now on you", "act as", "pretend to be", "pretend you are"),
                            List.of(
                                    "unrestricted",
                                    "unfiltered",
                                    "uncensored",
                                    "jailbroken",
                                    "no restrictions",
                                    "without restrictions",
                                    "no longer bound",
                                    "do anything now",
                                    "developer mode"))),
            new Marker("role-marker", List.of("system", "admin", "administrator", "developer")));
}
