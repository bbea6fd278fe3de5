package dev.redoubt.audit.check;

import java.util.regex.Pattern;

/// Files that serve nobody, by the names of files and folders: tests and what stands in for a server in them, and what
/// is kept beside the project though it is no longer a part of it.
final class Unserved {
    private Unserved() {}

    /* By the names that pytest looks for, and those of shell. */
    private static final Pattern TEST = Pattern.compile(
            "(test_[^/]*|[^/]*_test|conftest)\\.py|[^/]*smoke[^/]*\\.(py|sh)|(self-?)?tests?([_-][^/]*)?\\.sh|[^/]*[_-]test\\.sh");

    private static final Pattern STAND_IN =
            Pattern.compile("(mock|fake|dummy|stub)s?([_-][^/]*)?\\.\\w+|[^/]*[_-](mock|fake|dummy|stub)\\.\\w+");

    private static final Pattern FOLDER = Pattern.compile(
            "tests?|testing|testdata|__tests__|(e2e|integration|unit|self)[_-]?tests?|e2e|fixtures?|mocks?"
                    + "|fakes?|(mock|fake|dummy|stub)s?[_-].*|.*[_-](mock|fake|dummy|stub)s?|versioned_docs|_*quarantined?|_*archived?|attic|_*backups?|_*deprecated|_+old|trash|graveyard");

    /// @param path from the folder that is audited on: what lies above says nothing of it
    static boolean is(String path) {
        String[] parts = path.split("/");
        String file = parts[parts.length - 1];
        if (TEST.matcher(file).matches() || STAND_IN.matcher(file).matches()) return true;
        for (int i = 0; i < parts.length - 1; i++) if (FOLDER.matcher(parts[i]).matches()) return true;
        return false;
    }
}
