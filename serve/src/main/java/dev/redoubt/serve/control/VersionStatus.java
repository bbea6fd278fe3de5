package dev.redoubt.serve.control;

import java.time.Instant;

/// A version of an application.
///
/// @param verdict `OPEN`, `PROBATION`, `PROVEN` or `FAILED`
/// @param reason why it failed; for operators
public record VersionStatus(long version, String verdict, String reason, Instant deployedAt) {}
