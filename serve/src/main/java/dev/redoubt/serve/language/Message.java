package dev.redoubt.serve.language;

/// One message of a conversation.
///
/// @param role `system`, `user` or `assistant`
/// @param content plain text; names of control tokens in it are text
public record Message(String role, String content) {
    public static Message system(String content) {
        return new Message("system", content);
    }

    public static Message user(String content) {
        return new Message("user", content);
    }

    public static Message assistant(String content) {
        return new Message("assistant", content);
    }
}
