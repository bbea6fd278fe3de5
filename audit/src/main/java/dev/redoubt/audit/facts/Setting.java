package dev.redoubt.audit.facts;

/// A value and where it is stated: offsets into the file's text, -1 where another file states it.
public record Setting(Value value, int start, int end) {}
