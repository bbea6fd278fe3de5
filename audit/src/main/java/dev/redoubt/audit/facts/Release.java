package dev.redoubt.audit.facts;

import java.util.Optional;

/// Which releases a project may run.
///
/// @param since the first
/// @param before the first that it is not any more; later than any where nothing is said
/// @param where the name of the file that says so
public record Release(Version since, Version before, String where) {
    /// As a requirement states it: `==`, `~=`, `^`, `>=`, `>`, `<`, `<=`.
    ///
    /// @param parts how many numbers the version has
    static Optional<Release> of(String operator, Version version, int parts, String where) {
        return switch (operator) {
            case "", "==", "===" -> Optional.of(new Release(version, version.next(), where));
            case ">=" -> Optional.of(new Release(version, Version.END, where));
            case ">" -> Optional.of(new Release(version.next(), Version.END, where));
            case "<" -> Optional.of(new Release(Version.NONE, version, where));
            case "<=" -> Optional.of(new Release(Version.NONE, version.next(), where));
            case "^" -> Optional.of(new Release(version, series(version, version.major() > 0), where));
            case "~=" -> Optional.of(new Release(version, series(version, parts < 3), where));
            default -> Optional.empty();
        };
    }

    private static Version series(Version version, boolean major) {
        return major ? new Version(version.major() + 1, 0, 0) : new Version(version.major(), version.minor() + 1, 0);
    }

    /// Both hold: `>=0.6, <0.8`.
    Release and(Release other) {
        return new Release(
                since.compareTo(other.since) > 0 ? since : other.since,
                before.compareTo(other.before) < 0 ? before : other.before,
                where);
    }

    /// One of them holds: two files say different things.
    Release or(Release other) {
        return new Release(
                since.compareTo(other.since) < 0 ? since : other.since,
                before.compareTo(other.before) > 0 ? before : other.before,
                where.equals(other.where) ? where : where + ", " + other.where);
    }

    @Override
    public String toString() {
        String numbers;
        if (before.equals(since.next())) numbers = since.toString();
        else if (before.equals(Version.END)) numbers = since + " or later";
        else if (since.equals(Version.NONE)) numbers = "before " + before;
        else numbers = since + " to before " + before;
        return numbers + ", " + where;
    }
}
