package dev.redoubt.engine.schedule;

/// Decides who computes how many tokens in the next step.
final class Scheduler {}
