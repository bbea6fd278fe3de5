package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Variable;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Tokens that stand in code, in files and on command lines.
final class LiteralToken implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V4.4/literal-token",
            Level.ERROR,
            "a secret stands in a file",
            List.of("CWE-798", "CWE-312"),
            "Whoever reads the repository, the image or the process list has the secret, and it stays in the history.",
            "revoke it, read a new one from the environment or a mounted file",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        String text = facts.source().text();
        if (Secrets.mayHold(text))
            for (int line = 1; line <= facts.source().lines(); line++) {
                String content = facts.source().line(line);
                if (content.length() < LINE_MAX && Secrets.holds(content) && !isPublic(content)) {
                    int start = facts.source().lineStart(line);
                    boolean test = TEST.matcher(facts.source().path()).matches();
                    findings.add(
                            INFO,
                            test ? Level.NOTE : Level.ERROR,
                            start,
                            start + content.length(),
                            test
                                    ? "what looks like a secret stands here, if a test has not made it up"
                                    : "a secret stands here: it is known from now on");
                }
            }
        for (Engine engine : facts.engines())
            engine.settings()
                    .get("api_key")
                    .filter(key -> key.value().texts().anyMatch(LiteralToken::isSecret))
                    .ifPresent(
                            key -> findings.add(INFO, Level.ERROR, engine, key, "the key of the server stands here"));
        for (Variable variable : facts.variables())
            if (KEYS.contains(variable.name())
                    && !(variable.name().equals("OPENAI_API_KEY")
                            && LOCAL_SERVER.matcher(text).find())
                    && variable.value().texts().anyMatch(value -> isSecret(value) && isHere(facts, variable, value)))
                findings.add(INFO, variable.start(), variable.end(), variable.name() + " is stated here");
    }

    /// Google's key in the configuration of a page, which every visitor's browser is sent, and no other secret.
    private static boolean isPublic(String line) {
        return (line.contains("NEXT_PUBLIC_")
                        || line.contains("REACT_APP_")
                        || line.contains("VITE_")
                        || line.contains("authDomain"))
                && !Secrets.holds(line.replace("AIza", ""));
    }

    /// Whether its text stands in its own line, and is not found there by its form already: a variable may be filled
    /// in from another one.
    private static boolean isHere(Facts facts, Variable variable, String text) {
        String line = facts.source().line(facts.source().lineAt(variable.start()));
        return line.contains(text) && !Secrets.holds(line);
    }

    /// No placeholder, and nothing that is filled in.
    private static boolean isSecret(String text) {
        return text.length() >= 8
                && text.matches("[A-Za-z0-9_\\-.+/=]+")
                && !text.matches(
                        "(?i).*(your|xxx|change|example|placeholder|dummy|secret|token|test|key|none|null|empty|fake|todo|replace|12345).*")
                && !text.matches("[A-Z]+(_[A-Z]+)+")
                && !Secrets.repeats(text)
                && !text.matches("sk-[a-z]+(-[a-z]+)*") // a word, which clients must send
                && !LOCAL.matcher(text).matches();
    }

    /* What clients must send to a server that asks for nothing. */
    private static final Pattern LOCAL = Pattern.compile(
            "(?i)(sk-)?[a-z]*[-_.]?(local|localhost|demo|sample|dev|unused|ignored|needed|required|anything|vllm|ollama|litellm)"
                    + "([-_.]?[a-z]+)*[-_.]?\\d{0,4}");

    /* A client of a server of one's own sends something, whatever it is. */
    private static final Pattern LOCAL_SERVER = Pattern.compile(
            "OPENAI_(API_)?BASE(_URL)?[\"']?\\s{0,4}[=:]\\s{0,4}[\"']?https?://(localhost|127\\.|0\\.0\\.0\\.0)");

    private static final Pattern TEST = Pattern.compile("(.*/)?test_[^/]*\\.py");
    private static final int LINE_MAX = 2_000;
    private static final Set<String> KEYS = Set.of(
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "HUGGINGFACE_TOKEN",
            "VLLM_API_KEY",
            "OPENAI_API_KEY",
            "WANDB_API_KEY");
}
