package dev.redoubt.audit.check;

import dev.redoubt.audit.Edit;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.source.FileKind;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Changes of one literal that a file states: what somewhere else decides is left to people.
final class Fixes {
    private static final Pattern TRUE = word("[Tt]rue");
    private static final Pattern FALSE = word("[Ff]alse");
    private static final Pattern NUMBER = word("\\d+(?:\\.\\d+)?");
    private static final Pattern EVERYWHERE = word("0\\.0\\.0\\.0");

    private static final Pattern SWITCH = Pattern.compile("[\"']?--[a-z][a-z_-]*[\"']?");
    private static final Pattern COMMA = Pattern.compile("\\s*,[ \\t]*");
    private static final Pattern COMMA_BEFORE = Pattern.compile("\\s*,\\s*$");

    private Fixes() {}

    private static Pattern word(String text) {
        return Pattern.compile("(?<![\\w.])" + text + "(?![\\w.])");
    }

    static List<Edit> setTrue(Facts facts, Setting setting) {
        return one(facts, setting, FALSE, found -> found.startsWith("F") ? "True" : "true");
    }

    static List<Edit> setFalse(Facts facts, Setting setting) {
        return one(facts, setting, TRUE, found -> found.startsWith("T") ? "False" : "false");
    }

    /// The same, or `--no-name` for a switch of a command line.
    static List<Edit> turnOff(Facts facts, Setting setting) {
        String text = stated(facts, setting);
        return text.matches("--[a-z][a-z_-]*")
                ? List.of(new Edit(setting.start(), setting.end(), "--no-" + text.substring(2)))
                : setFalse(facts, setting);
    }

    /// The same, or the command line without the switch, which is off where it is not stated.
    static List<Edit> leaveOut(Facts facts, Setting setting) {
        if (!SWITCH.matcher(stated(facts, setting)).matches()) return setFalse(facts, setting);
        String text = facts.source().text();
        int start = setting.start();
        int end = setting.end();
        int line = facts.source().lineStart(facts.source().lineAt(start));
        int next = text.indexOf('\n', end);
        if (next > 0
                && text.substring(line, start).matches("\\s*-\\s+")
                && text.substring(end, next).isBlank()) return List.of(new Edit(line, next + 1, "")); // an item of YAML
        Matcher comma = COMMA.matcher(text).region(end, text.length());
        if (text.charAt(start) == '"' && comma.lookingAt()) return List.of(new Edit(start, comma.end(), ""));
        Matcher before = COMMA_BEFORE.matcher(text.substring(line, start));
        if (text.charAt(start) == '"' && before.find()) return List.of(new Edit(line + before.start(), end, ""));
        return start > 0 && text.charAt(start - 1) == ' ' ? List.of(new Edit(start - 1, end, "")) : List.of();
    }

    static List<Edit> setZero(Facts facts, Setting setting) {
        return one(facts, setting, NUMBER, _ -> "0");
    }

    /// Not inside of a container, where loopback is reached by nobody.
    static List<Edit> bindLoopback(Facts facts, Setting setting) {
        String path = facts.source().path();
        boolean contained = !facts.containers().isEmpty()
                || FileKind.of(path.substring(path.lastIndexOf('/') + 1))
                        .filter(kind -> kind == FileKind.DOCKERFILE)
                        .isPresent();
        return contained ? List.of() : one(facts, setting, EVERYWHERE, _ -> "127.0.0.1");
    }

    private interface Replacement {
        String of(String found);
    }

    /// Where what is looked for stands in the setting exactly once.
    private static List<Edit> one(Facts facts, Setting setting, Pattern pattern, Replacement replacement) {
        Matcher matcher = pattern.matcher(stated(facts, setting));
        if (!matcher.find()) return List.of();
        Edit edit = new Edit(
                setting.start() + matcher.start(), setting.start() + matcher.end(), replacement.of(matcher.group()));
        return matcher.find() ? List.of() : List.of(edit);
    }

    private static String stated(Facts facts, Setting setting) {
        String text = facts.source().text();
        return setting.start() < 0 || setting.end() > text.length() || setting.end() < setting.start()
                ? ""
                : text.substring(setting.start(), setting.end());
    }
}
