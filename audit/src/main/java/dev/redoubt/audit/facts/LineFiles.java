package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Files made of lines that hold commands or variables: Dockerfiles, units of systemd, files of variables.
final class LineFiles {
    private static final Pattern INSTRUCTION = Pattern.compile("\\s*([A-Za-z]+)\\s+(.*)", Pattern.DOTALL);
    private static final Pattern QUOTED = Pattern.compile("\"((?:\\\\.|[^\"\\\\])*)\"");
    private static final Pattern ASSIGNMENT = Pattern.compile("\\s*(?:export\\s+)?([A-Za-z_]\\w*)\\s*=\\s*(.*)");

    private final Facts facts;
    private final SourceText source;

    LineFiles(Facts facts) {
        this.facts = facts;
        this.source = facts.source();
    }

    /// From `start` to `end`, a line with those that continue it.
    private record Logical(String text, int start, int end) {}

    private List<Logical> lines() {
        List<Logical> all = new ArrayList<>();
        String text = source.text();
        int start = 0;
        while (start < text.length()) {
            int stop = text.indexOf('\n', start);
            while (stop > 0 && text.substring(start, stop).stripTrailing().endsWith("\\"))
                stop = text.indexOf('\n', stop + 1);
            if (stop < 0) stop = text.length();
            all.add(new Logical(text.substring(start, stop), start, stop));
            start = stop + 1;
        }
        return all;
    }

    void dockerfile() {
        List<Word> entry = new ArrayList<>();
        List<Word> command = new ArrayList<>();
        boolean image = false;
        int from = 0;
        for (Logical line : lines()) {
            Matcher matcher = INSTRUCTION.matcher(line.text);
            if (!matcher.matches()) continue;
            int rest = line.start + matcher.start(2);
            switch (matcher.group(1).toUpperCase(Locale.ROOT)) {
                case "FROM" -> {
                    image = CommandLines.isImage(matcher.group(2).strip().split("\\s+")[0]);
                    from = line.start;
                    entry.clear();
                    command.clear();
                }
                case "ENTRYPOINT" -> {
                    entry = listed(rest, line.end);
                    if (entry.isEmpty()) Shell.read(facts, source.text(), rest, line.end);
                    image = false;
                }
                case "CMD" -> {
                    command = listed(rest, line.end);
                    if (command.isEmpty()) Shell.read(facts, source.text(), rest, line.end);
                    image &= !command.isEmpty()
                            && !command.getFirst()
                                    .text()
                                    .matches(
                                            "(/.*/)?(python[\\d.]*|(ba|da|z)?sh|tini|uvicorn|node|supervisord)|.*/bin/.*|.*\\.(sh|py)");
                }
                case "ENV", "ARG" -> environment(matcher.group(2), rest);
                case "RUN" -> Shell.read(facts, source.text(), rest, line.end);
                default -> {}
            }
        }
        List<Word> all = new ArrayList<>(entry);
        all.addAll(command);
        int before = facts.engines().size();
        if (image && all.isEmpty()) {
            new CommandLines(facts).ofImage(all, from, from);
            saidElsewhere(before);
        } else if (image) {
            new CommandLines(facts)
                    .ofImage(all, all.getFirst().start(), all.getLast().end());
        } else if (!all.isEmpty()) {
            words(all, command.isEmpty());
        }
        inImage(facts);
    }

    /// Whatever a platform starts by a Procfile stands behind its router, which has TLS.
    static void onPlatform(Facts facts) {
        facts.engines().replaceAll(engine -> engine.at(Place.PLATFORM));
        facts.listeners().replaceAll(listener -> listener.at(Place.PLATFORM));
    }

    /// Whatever was found runs in a container that somebody else starts.
    static void inImage(Facts facts) {
        facts.engines().replaceAll(engine -> engine.at(Place.IMAGE));
        facts.listeners().replaceAll(listener -> listener.at(Place.IMAGE));
    }

    /// Whoever runs the image says the rest of what was found from this count on.
    private void saidElsewhere(int engines) {
        for (int i = engines; i < facts.engines().size(); i++) {
            Engine engine = facts.engines().get(i);
            facts.engines().set(i, engine.with(new Settings(engine.settings().entries(), true)));
        }
    }

    /// @param open whether whoever runs the image says the rest, as behind an ENTRYPOINT alone
    private void words(List<Word> all, boolean open) {
        int before = facts.engines().size();
        new CommandLines(facts).read(all);
        if (open) saidElsewhere(before);
        if (all.size() > 2 && all.get(1).text().matches("-\\w*c"))
            Shell.read(facts, source.text(), all.get(2).start() + 1, all.get(2).end() - 1);
    }

    /// A list in JSON; empty if it is none.
    private List<Word> listed(int start, int end) {
        List<Word> all = new ArrayList<>();
        if (!source.text().startsWith("[", start)) return all;
        Matcher matcher = QUOTED.matcher(source.text()).region(start, end);
        while (matcher.find()) {
            String text = matcher.group(1).replace("\\\"", "\"").replace("\\\\", "\\");
            all.add(new Word(text, new Value.Text(text), matcher.start(), matcher.end()));
        }
        return all;
    }

    /// `NAME=value …`, or the old `NAME value`.
    private void environment(String rest, int start) {
        int end = start + rest.length();
        if (rest.matches("(?s)\\w+\\s*=.*")) {
            Shell.read(facts, source.text(), start, end);
            return;
        }
        String[] parts = rest.strip().split("\\s+", 2);
        if (parts.length == 2) variable(parts[0], parts[1], start, end);
    }

    void systemd() {
        for (Logical line : lines()) {
            Matcher matcher = ASSIGNMENT.matcher(line.text.strip());
            if (!matcher.find()) continue;
            int equals = source.text().indexOf('=', line.start) + 1;
            if (matcher.group(1).startsWith("Exec")) Shell.read(facts, source.text(), equals, line.end);
            if (matcher.group(1).equals("Environment")) {
                String stated = line.text.substring(equals - line.start).strip().replaceAll("^\"|\"$", "");
                Matcher inside = ASSIGNMENT.matcher(stated);
                if (inside.matches()) variable(inside.group(1), inside.group(2), equals, line.end);
            }
        }
    }

    void environment() {
        for (Logical line : lines()) {
            if (line.text.stripLeading().startsWith("#")) continue;
            Matcher matcher = ASSIGNMENT.matcher(line.text);
            if (matcher.lookingAt())
                variable(
                        matcher.group(1),
                        matcher.group(2).strip().replaceAll("^[\"']|[\"']$", ""),
                        line.start,
                        line.end);
        }
    }

    private void variable(String name, String value, int start, int end) {
        facts.variables().add(new Variable(name, Shell.expanded(value, Map.of()), start, end));
    }
}
