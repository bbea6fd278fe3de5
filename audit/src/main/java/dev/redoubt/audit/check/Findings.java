package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Edit;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.audit.source.Span;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Collects the findings of one file.
public final class Findings {
    private static final int LINE_MAX = 200;
    private static final int FINDINGS_MAX = 1_000; // of one file

    private final SourceText source;
    private final boolean unserved; // what would be a warning is a note there
    private final List<Finding> all = new ArrayList<>();
    private final Map<String, Integer> seen = new HashMap<>(); // of one text in one file, how many
    private final Set<String> places = new HashSet<>(); // two ways to one place are one finding

    /// @param inside the file's path from the folder that is audited on
    public Findings(SourceText source, String inside) {
        this.source = source;
        this.unserved = Unserved.is(inside, source.text());
    }

    public List<Finding> all() {
        return all;
    }

    void add(CheckInfo check, Node at, String message) {
        add(check, check.level(), at.start(), at.end(), message);
    }

    void add(CheckInfo check, int start, int end, String message) {
        add(check, check.level(), start, end, message);
    }

    /// At the setting, or at the engine where another file states it.
    void add(CheckInfo check, Level level, Engine engine, Setting setting, String message) {
        add(check, level, setting, engine.start(), engine.end(), message);
    }

    void add(CheckInfo check, Setting setting, int start, int end, String message) {
        add(check, check.level(), setting, start, end, message);
    }

    /// At the setting, or from `start` to `end` where another file states it.
    void add(CheckInfo check, Level level, Setting setting, int start, int end, String message) {
        add(check, level, setting, start, end, message, List.of());
    }

    /// The same, with what to write instead, see [Fixes].
    void add(CheckInfo check, Level level, Setting setting, int start, int end, String message, List<Edit> fix) {
        boolean here = setting.start() >= 0;
        add(check, level, here ? setting.start() : start, here ? setting.end() : end, message, fix);
    }

    void add(CheckInfo check, Level level, Engine engine, Setting setting, String message, List<Edit> fix) {
        add(check, level, setting, engine.start(), engine.end(), message, fix);
    }

    /// A note for each of these settings that a rule needs and nothing that was read decides.
    void unknown(CheckInfo check, Engine engine, String... names) {
        unknown(check, engine.settings(), engine.start(), engine.end(), names);
    }

    /// The same, at the setting, or from `start` to `end` where another file states it.
    void unknown(CheckInfo check, Settings settings, int start, int end, String... names) {
        for (String name : names)
            settings.get(name)
                    .filter(setting -> setting.value().isUnknown())
                    .ifPresent(setting -> add(check, Level.NOTE, setting, start, end, unknown(name)));
    }

    /// How it is said that a value cannot be known.
    static String unknown(String name) {
        return name + " is unknown: nothing that was read decides it";
    }

    void add(CheckInfo check, Level level, int start, int end, String message) {
        add(check, level, start, end, message, List.of());
    }

    private void add(CheckInfo check, Level stated, int start, int end, String message, List<Edit> fix) {
        Level level = unserved && check.isOfServing(stated) ? Level.NOTE : stated;
        Span span = source.span(start, end);
        if (all.size() >= FINDINGS_MAX || !places.add(check.id() + span)) return;
        String cell = source.inCell(span.line());
        String line = Secrets.masked(source.line(span.line()));
        String text = check.id() + '\n' + source.path() + '\n' + line.strip().replaceAll("\\s+", " ");
        int count = seen.merge(text, 1, Integer::sum);
        all.add(new Finding(
                check,
                level,
                source.path(),
                source.inFile(span),
                span.line(),
                cell.isEmpty() ? message : message + " (" + cell + ")",
                line.length() > LINE_MAX ? line.substring(0, LINE_MAX) : line,
                fix,
                fingerprint(text + '\n' + count)));
    }

    private static String fingerprint(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("a JDK without SHA-256", e);
        }
    }
}
