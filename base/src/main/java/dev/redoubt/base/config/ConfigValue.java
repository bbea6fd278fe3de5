package dev.redoubt.base.config;

import java.util.List;

/// A value of a configuration file, with the line where it begins.
sealed interface ConfigValue {
    /// From 1 on.
    int line();

    /// @param plain whether it stood without quotes, so that it may be a number or a flag
    record Scalar(int line, String text, boolean plain) implements ConfigValue {}

    record Items(int line, List<ConfigValue> items) implements ConfigValue {}

    record Entries(int line, List<Entry> entries) implements ConfigValue {}

    /// @param line of the key
    /// @param key with `-` between its words, however it was written
    /// @param written as it stands in the file
    record Entry(int line, String key, String written, ConfigValue value) {}
}
