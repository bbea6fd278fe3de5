package dev.redoubt.base.generation;

/// One message of a conversation.
///
/// @param role `system`, `user` or `assistant`
/// @param content plain text; names of control tokens in it are text
public record ChatMessage(String role, String content) {}
