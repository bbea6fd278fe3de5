package dev.redoubt.serve.control;

import dev.redoubt.base.generation.LanguageModel;

/// A language model of an application.
///
/// @param ingress whether callers reach it, or only another stage does
public record StageModel(String application, String deployment, boolean ingress, LanguageModel model) {}
