package dev.redoubt.audit.check;

import java.util.List;
import java.util.regex.Pattern;

/// Texts that are secrets by their form: they are found by it, and never shown.
final class Secrets {
    /* What issuers write before the secret itself: the hub, OpenAI, Anthropic, GitHub, Slack, Google. Weights & Biases is 40 hex digits and not told from
     * a digest; the ids of AWS are names, which stand in every signed address. A placeholder repeats itself or names what belongs there. */
    private static final Pattern SECRET =
            Pattern.compile("\\b(hf_[A-Za-z0-9]{30,}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}|gh[pousr]_[A-Za-z0-9]{36,}"
                    + "|xox[abpr]-[A-Za-z0-9-]{20,}|AIza[A-Za-z0-9_-]{35}|nvapi-[A-Za-z0-9_-]{40,})");
    private static final Pattern PLACEHOLDER = Pattern.compile(
            "(?i).*(x{4,}|your|example|change[_-]?me|replace|12345|placeholder|dummy|1234567|abcdef|\\*{3}).*");
    private static final Pattern ASSIGNED =
            Pattern.compile("(?i)((?:token|api[_-]?key|secret|password)[\"']?\\s*[=:]\\s*[\"']?)([^\"'\\s,)]{8,})");

    private Secrets() {}

    /// Whether a text, which may be long, is worth looking through.
    static boolean mayHold(String text) {
        for (String start : STARTS) if (text.contains(start)) return true;
        return false;
    }

    private static final List<String> STARTS = List.of(
            "hf_", "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "nvapi-", "xoxa", "xoxb", "xoxp", "xoxr", "AIza");

    static boolean holds(String text) {
        var matcher = SECRET.matcher(text);
        while (matcher.find())
            if (!PLACEHOLDER.matcher(matcher.group()).matches() && !repeats(matcher.group())) return true;
        return false;
    }

    /// `sk-111111111111`, which nobody was given.
    static boolean repeats(String text) {
        return text.matches(".*(.)\\1{11,}.*");
    }

    /// For showing: what is a secret by its form, or by the name it has, is cut.
    static String masked(String line) {
        String cut = line.length() > 2_000 ? line.substring(0, 2_000) : line;
        String known = SECRET.matcher(cut).replaceAll(found -> found.group().substring(0, 4) + "…");
        return ASSIGNED.matcher(known).replaceAll("$1…");
    }
}
