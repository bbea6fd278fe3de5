package dev.redoubt.audit.facts;

/// A program, what its expressions are worth, and which of them come from callers.
public record Python(PythonModule module, Values values, Callers callers) {}
