package dev.redoubt.cli;

import java.io.Serial;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/// A start that a rule forbids: every problem at once, one line each, before any socket is opened.
final class Refusal extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final Pattern RULE = Pattern.compile("^REFUSED rule=(\\S+) ");

    private final transient List<String> lines;
    private final transient List<String> rules;

    /// Of lines in the form of the refusal contract, or such that name no rule.
    Refusal(List<String> lines) {
        this(
                lines,
                lines.stream()
                        .flatMap(line -> RULE.matcher(line).results())
                        .map(found -> found.group(1))
                        .toList());
    }

    /// @param rules the requirements that the lines name
    Refusal(List<String> lines, Collection<String> rules) {
        super(String.join("; ", lines), null, false, false);
        this.lines = List.copyOf(lines);
        this.rules = List.copyOf(rules);
    }

    /// In the form of the refusal contract.
    List<String> lines() {
        return lines;
    }

    /// The requirements that the lines name.
    List<String> rules() {
        return rules;
    }

    /// One line of the contract.
    ///
    /// @param found `what:value`, without spaces
    static String line(String rule, String found, String allowed, String fix) {
        return "REFUSED rule=" + rule + " found=" + found + " allowed=\"" + quoted(allowed) + "\" fix=\"" + quoted(fix)
                + "\"";
    }

    /// The message of a refusal says what, then after the last colon what to do.
    static String line(String rule, String message) {
        int colon = message.lastIndexOf(": ");
        if (colon < 0) return "REFUSED rule=" + rule + " found=\"" + quoted(message) + "\"";
        return "REFUSED rule=" + rule + " found=\"" + quoted(message.substring(0, colon)) + "\" fix=\""
                + quoted(message.substring(colon + 2)) + "\"";
    }

    /// R1.2, for an address that others can reach.
    static String beyondLoopback(String host) {
        return line(
                "R1.2",
                "host:" + host,
                "loopback, or TLS + auth + rate limits",
                "set http.tls in a configuration file (serve -f), or bind 127.0.0.1");
    }

    private static String quoted(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", "; ").replace("\"", "'");
    }
}
