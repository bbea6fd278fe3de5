package dev.redoubt.audit.facts;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Splits shell text into commands and words, as far as is needed to read options: quotes, continued lines,
/// comments and variables that the text itself sets. What a shell would compute is unknown.
final class Shell {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+)(?::?[-=]([^{}]*))?}|\\$(\\w+)");
    private static final Pattern ASSIGNMENT = Pattern.compile("([A-Za-z_]\\w*)\\+?=(.*)", Pattern.DOTALL);
    /* Of a template: what stands between is there or not, and none of it is a word. */
    private static final Pattern CONTROL =
            Pattern.compile("\\{\\{-?\\s{0,10}(if|else|end|with|range|/\\*)\\b?[^}\\n]{0,500}}}");
    private static final int TEMPLATE_MAX = 1_000;
    private static final int WORDS_MAX = 10_000;

    private final Facts facts;
    private final String text;
    private final int end;
    private int at;
    private final Map<String, Value> variables;
    private final boolean joined;
    private List<Word> words = new ArrayList<>();

    /// @param joined whether the ends of lines are no more than spaces
    private Shell(Facts facts, String text, int start, int end, Map<String, Value> variables, boolean joined) {
        this.joined = joined;
        this.facts = facts;
        this.text = text;
        this.at = start;
        this.end = end;
        this.variables = variables;
    }

    static void read(Facts facts, String text, int start, int end) {
        new Shell(facts, text, start, end, new HashMap<>(), false).commands();
    }

    private void commands() {
        while (at < end) {
            char c = text.charAt(at);
            if (c == '{' && isControl()) at = Math.min(end, text.indexOf("}}", at) + 2);
            else if (c == '\\' && at + 1 < end && isBreak(text.charAt(at + 1)))
                at += text.startsWith("\\\r\n", at) ? 3 : 2;
            else if (c == ' ' || c == '\t' || c == '\r' || joined && c == '\n') at++;
            else if (c == '#') comment();
            else if (c == '(' && assignsArray()) array();
            else if (c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')') {
                at++;
                finish();
            } else word();
        }
        finish();
    }

    private boolean isControl() {
        return text.startsWith("{{", at)
                && CONTROL.matcher(text).region(at, end).lookingAt();
    }

    private boolean assignsArray() {
        return !words.isEmpty()
                && at > 0
                && text.charAt(at - 1) == '='
                && ASSIGNMENT.matcher(words.getLast().text()).matches();
    }

    /// `command=(vllm serve …)` over any number of lines: what is run later by `"${command[@]}"`.
    private void array() {
        int close = text.indexOf(')', at);
        if (close < 0 || close > end) close = end;
        new Shell(facts, text, at + 1, close, variables, true).commands();
        words = new ArrayList<>();
        at = Math.min(end, close + 1);
    }

    /// One that stands between continued lines ends nothing.
    private void comment() {
        while (at < end && text.charAt(at) != '\n') at++;
    }

    private void finish() {
        List<Word> command = words;
        words = new ArrayList<>();
        int first = 0;
        while (first < command.size() && assigns(command.get(first))) first++;
        if (first < command.size()
                && List.of("export", "ENV", "declare", "local")
                        .contains(command.get(first).text()))
            command.subList(first + 1, command.size()).forEach(this::assigns);
        if (!command.isEmpty()) new CommandLines(facts).read(command);
        nested(command);
    }

    /// `bash -c "…"`.
    private void nested(List<Word> command) {
        for (int i = 1; i < command.size(); i++) {
            Word word = command.get(i);
            if (command.get(i - 1).text().matches("-\\w*c") && word.text().contains(" "))
                read(facts, text, word.start() + 1, Math.max(word.start() + 1, word.end() - 1));
        }
    }

    private boolean assigns(Word word) {
        Matcher matcher = ASSIGNMENT.matcher(word.text());
        if (!matcher.matches()) return false;
        Value value = expanded(matcher.group(2), variables);
        variables.put(matcher.group(1), value);
        facts.variables().add(new Variable(matcher.group(1), value, word.start(), word.end()));
        return true;
    }

    private void word() {
        int start = at;
        StringBuilder found = new StringBuilder();
        boolean literal = false; // something in single quotes is not filled in
        while (at < end) {
            char c = text.charAt(at);
            if (c == '\'' || c == '"') {
                int close = closing(c);
                found.append(text, at + 1, close);
                literal |= c == '\'';
                at = Math.min(end, close + 1);
            } else if (c == '\\' && at + 1 < end && !isBreak(text.charAt(at + 1))) {
                found.append(text.charAt(at + 1));
                at += 2;
            } else if (c == '$' && at + 1 < end && (text.charAt(at + 1) == '{' || text.charAt(at + 1) == '(')) {
                int close = bracketed(at + 1);
                found.append(text, at, close);
                at = close;
            } else if (text.startsWith("{{", at)) { // of a template, which fills it in
                int close = text.indexOf("}}", at, Math.min(end, at + TEMPLATE_MAX));
                close = close < 0 ? at + 2 : close + 2;
                found.append(text, at, close);
                at = close;
            } else if (c <= ' ' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')' || c == '\\') {
                break;
            } else {
                found.append(c);
                at++;
            }
        }
        if (at == start) at++;
        if (words.size() >= WORDS_MAX) return;
        String word = found.toString();
        words.add(new Word(word, literal ? new Value.Text(word) : expanded(word, variables), start, at));
    }

    private int closing(char quote) {
        int stop = at + 1;
        while (stop < end && text.charAt(stop) != quote) stop += quote == '"' && text.charAt(stop) == '\\' ? 2 : 1;
        return Math.min(stop, end);
    }

    /// @param open where the bracket stands
    /// @return behind the one that closes it, or the end of the line
    private int bracketed(int open) {
        int depth = 0;
        int i = open;
        for (; i < end && text.charAt(i) != '\n'; i++) {
            char c = text.charAt(i);
            if (c == '{' || c == '(') depth++;
            else if ((c == '}' || c == ')') && --depth == 0) return i + 1;
        }
        return i;
    }

    /// What a word may be where variables stand in it.
    static Value expanded(String word, Map<String, Value> variables) {
        if (word.contains("{{")) return Value.unknown();
        if (word.indexOf('$') < 0 && word.indexOf('`') < 0) return new Value.Text(word);
        Matcher matcher = VARIABLE.matcher(word);
        if (!matcher.find() || word.contains("$(") || word.contains("`")) return Value.unknown();
        String name = matcher.group(1) == null ? matcher.group(3) : matcher.group(1);
        String otherwise = matcher.group(2);
        Value value = variables.get(name);
        if (value == null)
            value = otherwise == null ? Value.unknown() : Value.either(new Value.Text(otherwise), Value.unknown());
        if (matcher.start() == 0 && matcher.end() == word.length()) return value;
        if (!(value instanceof Value.Text(String known))) return Value.unknown();
        String replaced = word.substring(0, matcher.start()) + known + word.substring(matcher.end());
        return known.contains("$") || replaced.length() > 10_000 ? Value.unknown() : expanded(replaced, variables);
    }

    private static boolean isBreak(char c) {
        return c == '\n' || c == '\r';
    }
}
