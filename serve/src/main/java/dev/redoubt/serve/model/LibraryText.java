package dev.redoubt.serve.model;

/// What a native library says of a model. Of a request it may say what that holds: only what is asked for with no
/// request in it may be shown.
public final class LibraryText {
    private static final int LENGTH_MAX = 512;
    private static final String LAST_WORD = "RuntimeError: "; // of an interpreter, below the lines of the program

    private LibraryText() {}

    /// Its last word, in one line.
    public static String of(Throwable fault) {
        String all = String.valueOf(fault.getMessage());
        int at = all.lastIndexOf(LAST_WORD);
        String said = at < 0 ? all : all.substring(at + LAST_WORD.length());
        String line = said.strip().lines().findFirst().orElse("");
        String printable = line.replaceAll("[^\\x20-\\x7E]", "?");
        return printable.length() <= LENGTH_MAX ? printable : printable.substring(0, LENGTH_MAX) + "…";
    }
}
