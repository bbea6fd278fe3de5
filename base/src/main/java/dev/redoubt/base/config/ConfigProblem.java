package dev.redoubt.base.config;

import dev.redoubt.base.Requirement;
import java.util.Optional;

/// One thing that is wrong with a configuration file.
///
/// @param line from 1 on
/// @param message what, the value, what is allowed, the way out; never a secret
/// @param rule the requirement that it breaks, if it breaks one
public record ConfigProblem(int line, String message, Optional<Requirement> rule) {}
