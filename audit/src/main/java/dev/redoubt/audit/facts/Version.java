package dev.redoubt.audit.facts;

import java.util.Comparator;

/// A release by its first three numbers; those that are not stated are 0.
public record Version(int major, int minor, int patch) implements Comparable<Version> {
    private static final Comparator<Version> ORDER = Comparator.comparingInt(Version::major)
            .thenComparingInt(Version::minor)
            .thenComparingInt(Version::patch);

    static final Version NONE = new Version(0, 0, 0);
    /// Later than any release.
    static final Version END = new Version(Integer.MAX_VALUE, 0, 0);

    /// @param text numbers with dots, such as `0.8.5`; at most three, of at most six digits each
    public static Version of(String text) {
        String[] parts = text.split("\\.");
        int[] numbers = new int[3];
        for (int i = 0; i < Math.min(3, parts.length); i++) numbers[i] = Integer.parseInt(parts[i]);
        return new Version(numbers[0], numbers[1], numbers[2]);
    }

    /// The release behind it.
    Version next() {
        return new Version(major, minor, patch + 1);
    }

    @Override
    public int compareTo(Version other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor + "." + patch;
    }
}
