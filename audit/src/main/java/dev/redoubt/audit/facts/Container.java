package dev.redoubt.audit.facts;

/// A container that serves models, of Kubernetes or compose.
///
/// @param settings all that its manifest says
public record Container(boolean kubernetes, String name, Settings settings, int start, int end) {}
