package dev.redoubt.base.generation;

import java.util.Optional;

/// Whose request it is. Prefix-cache hits never cross `(principal, endUser)`; fair shares are per `tenant`.
///
/// @param tenant whose work it counts as: the application
/// @param principal the API key's id
/// @param endUser the request's `user` field
public record Caller(String tenant, String principal, Optional<String> endUser) {}
