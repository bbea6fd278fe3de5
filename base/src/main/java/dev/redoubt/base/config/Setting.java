package dev.redoubt.base.config;

import dev.redoubt.base.Requirement;
import java.util.Optional;

/// One setting of a [Section].
///
/// @param key in the file, words with `-` between them (`_` is read as well)
/// @param fallback its value where it is absent; empty: it then has none
/// @param required whether its absence is a problem
/// @param rule which its absence breaks, if it breaks one
/// @param about one line for the reference page
public record Setting<T>(
        String key,
        SettingType<T> type,
        Optional<T> fallback,
        boolean required,
        Optional<Requirement> rule,
        String about) {
    public static <T> Setting<T> of(String key, SettingType<T> type, T fallback, String about) {
        return new Setting<>(key, type, Optional.of(fallback), false, Optional.empty(), about);
    }

    public static <T> Setting<T> optional(String key, SettingType<T> type, String about) {
        return new Setting<>(key, type, Optional.empty(), false, Optional.empty(), about);
    }

    public static <T> Setting<T> required(String key, SettingType<T> type, String about) {
        return new Setting<>(key, type, Optional.empty(), true, Optional.empty(), about);
    }

    /// One that a rule demands.
    public static <T> Setting<T> required(String key, SettingType<T> type, Requirement rule, String about) {
        return new Setting<>(key, type, Optional.empty(), true, Optional.of(rule), about);
    }
}
