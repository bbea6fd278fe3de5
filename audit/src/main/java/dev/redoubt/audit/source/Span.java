package dev.redoubt.audit.source;

/// A place in a text: lines and columns from 1 on, in UTF-16 units, the end exclusive.
public record Span(int line, int column, int endLine, int endColumn) {}
