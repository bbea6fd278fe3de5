package dev.redoubt.engine.tokenize;

/// Text of tokens that arrive one by one, never splitting a code point. One owner, one thread at a time.
public interface StreamDecoder {
    /// What can be shown after this token: whole code points only; an impossible sequence becomes U+FFFD as
    /// soon as it is known.
    String push(int id);

    /// What is left at the end: an incomplete sequence becomes one U+FFFD.
    String rest();
}
