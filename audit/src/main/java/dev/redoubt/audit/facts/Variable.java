package dev.redoubt.audit.facts;

/// An environment variable that is set.
public record Variable(String name, Value value, int start, int end) {}
