package dev.redoubt.engine.template;

/// A string variable that is the model's own, such as `bos_token`: control tokens may be recognised in it.
public record TrustedText(String text) {}
