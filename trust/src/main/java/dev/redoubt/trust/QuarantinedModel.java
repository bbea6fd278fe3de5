package dev.redoubt.trust;

import java.time.Instant;

/// A model that was refused and set aside.
///
/// @param folder its name in the quarantine
/// @param name what it was to be, or was, called
/// @param during what found it: `pull`, `add`, `verify` or `open`
/// @param rule the requirement that refused it
/// @param bytes kept; 0 where it was over the quarantine's limit
public record QuarantinedModel(
        String folder, String name, String during, String rule, String reason, Instant at, long bytes) {}
