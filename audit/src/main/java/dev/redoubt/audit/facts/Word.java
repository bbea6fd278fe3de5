package dev.redoubt.audit.facts;

/// A word of a command line.
///
/// @param text as it stands, without quotes; what is filled in is left as it stands
/// @param value what it may be
/// @param start where it stands: offsets into the file's text
record Word(String text, Value value, int start, int end) {
    static Word plain(String text, int start, int end) {
        return new Word(text, new Value.Text(text), start, end);
    }
}
