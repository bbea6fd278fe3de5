package dev.redoubt.audit.facts;

/// An application of Ray Serve that is run or listed in a file.
public record Application(Settings settings, int start, int end) {}
