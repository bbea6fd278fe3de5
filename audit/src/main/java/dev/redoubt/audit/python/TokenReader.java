package dev.redoubt.audit.python;

import dev.redoubt.audit.python.Tokens.Kind;

/// Where a parser is in its tokens.
abstract class TokenReader {
    final Tokens tokens;
    int at;

    TokenReader(Tokens tokens) {
        this.tokens = tokens;
    }

    final Kind kind() {
        return tokens.kind(at);
    }

    final boolean sees(String text) {
        Kind kind = kind();
        return (kind == Kind.NAME || kind == Kind.OPERATOR) && tokens.is(at, text);
    }

    /// Takes the token if it is this one.
    final boolean take(String text) {
        if (!sees(text)) return false;
        at++;
        return true;
    }

    final String text() {
        return tokens.text(at);
    }

    final int start() {
        return tokens.start(at);
    }

    /// Where the token before ends.
    final int end() {
        return at == 0 ? tokens.start(0) : tokens.end(at - 1);
    }

    final boolean atLineEnd() {
        Kind kind = kind();
        return kind == Kind.LINE_END || kind == Kind.END || kind == Kind.DEDENT || kind == Kind.INDENT;
    }
}
