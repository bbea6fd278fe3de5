package dev.redoubt.audit.facts;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds in the words of a command what starts a server of vLLM or Ray, and reads its options: `vllm serve`, the
/// module of its API server, images of vLLM, `ray start`, `uvicorn`.
final class CommandLines {
    /// Take no value, whatever follows.
    private static final Set<String> SWITCHES = Set.of(
            "trust_remote_code",
            "enable_log_requests",
            "disable_log_requests",
            "enable_log_outputs",
            "disable_log_stats",
            "enforce_eager",
            "head",
            "headless",
            "block",
            "enable_auto_tool_choice",
            "enable_lora",
            "enable_expert_parallel",
            "disable_frontend_multiprocessing",
            "enable_sleep_mode",
            "disable_fastapi_docs",
            "reload",
            "async_scheduling");
    /// Those that are written otherwise on a command line.
    private static final Map<String, String> SHORT =
            Map.of("tp", "tensor_parallel_size", "tokenizer_revision", "tokenizer_revision", "q", "quantization");

    private static final Set<String> BEFORE = Set.of(
            "exec",
            "nohup",
            "sudo",
            "env",
            "time",
            "run",
            "then",
            "do",
            "else",
            "&&",
            "||",
            "!",
            "RUN",
            "CMD",
            "ENTRYPOINT",
            "eval",
            "setsid",
            "command");

    /// What is done to an image without running it.
    private static final Set<String> HANDLES =
            Set.of("pull", "push", "tag", "build", "buildx", "inspect", "save", "load", "rmi", "images", "history");

    /// What makes a container of an image that is named behind it; a name alone starts nothing.
    private static final Set<String> RUNS = Set.of("run", "create");

    private final Facts facts;

    CommandLines(Facts facts) {
        this.facts = facts;
    }

    /// Of one command, with what it sets before itself.
    void read(List<Word> words) {
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i).text();
            String next = i + 1 < words.size() ? words.get(i + 1).text() : "";
            String program = word.substring(word.lastIndexOf('/') + 1);
            if (program.equals("vllm") && next.equals("serve") && mayBegin(words, i)) {
                server(words, i, i + 2, true);
                return;
            }
            if (word.equals("-m") && next.startsWith("vllm.entrypoints.") && next.endsWith("api_server")) {
                server(words, i, i + 2, false);
                return;
            }
            if (isImage(word)
                    && words.subList(0, i).stream().anyMatch(one -> RUNS.contains(one.text()))
                    && words.stream()
                            .noneMatch(one -> one.text().startsWith("--entrypoint")
                                    || HANDLES.contains(one.text()))) { // `docker run … vllm/vllm-openai --model …`
                server(words, i, i + 1, next.startsWith("-") ? false : !next.isEmpty());
                return;
            }
            if (program.equals("ray") && next.equals("start")) {
                Settings options = options(words, i + 2).settings;
                boolean dashboard = options.has("head") || !options.has("address"); // which others do not have
                facts.listeners()
                        .add(new Listener(
                                Listener.Kind.DASHBOARD,
                                dashboard ? renamed(options) : Settings.NONE,
                                start(words, i),
                                end(words)));
                return;
            }
            if (program.equals("uvicorn") && next.contains(":")) {
                facts.listeners()
                        .add(new Listener(
                                Listener.Kind.WEB,
                                options(words, i + 1)
                                        .settings
                                        .with(
                                                "application",
                                                new Setting(new Value.Text(next), start(words, i + 1), end(words))),
                                start(words, i),
                                end(words)));
                return;
            }
        }
    }

    /// Whether a program may stand here: first, or behind what runs another one. In prose it stands elsewhere.
    private static boolean mayBegin(List<Word> words, int at) {
        if (at == 0) return true;
        String before = words.get(at - 1).text();
        return BEFORE.contains(before)
                || before.startsWith("-")
                || before.endsWith("/vllm")
                || before.contains("=")
                || before.matches("\\d+|.*[\\[({$]");
    }

    /// Of an image whose entry point is the API server of vLLM.
    void ofImage(List<Word> words, int start, int end) {
        Options options = options(words, 0);
        facts.engines().add(new Engine(Engine.Kind.SERVER, options.settings, start, Math.max(start, end)));
    }

    static boolean isImage(String word) {
        return word.matches("([\\w.:-]+/)*vllm(/vllm)?-openai(-cpu)?([:@].*)?");
    }

    private void server(List<Word> words, int from, int options, boolean positional) {
        Options read = options(words, options);
        if (read.settings.has("help") || read.settings.has("version")) return;
        boolean elsewhere = read.settings.has("config"); // a file that states more
        Settings settings = new Settings(read.settings.entries(), read.settings.open() || elsewhere);
        if (positional && read.first != null && !settings.has("model"))
            settings = settings.with("model", new Setting(read.first.value(), read.first.start(), read.first.end()));
        boolean listens = !settings.has("headless"); // else it computes for another one
        facts.engines()
                .add(new Engine(
                        listens ? Engine.Kind.SERVER : Engine.Kind.LIBRARY, settings, start(words, from), end(words)));
    }

    /// The engine of a script that hands on what it is told: `exec vllm serve "$@"`.
    ///
    /// @param told what stands behind the script
    Engine completed(Engine engine, List<Word> told) {
        Options more = options(told, 0);
        Map<String, Setting> entries = new LinkedHashMap<>(engine.settings().entries());
        entries.putAll(more.settings.entries());
        if (more.first != null && !entries.containsKey("model") && engine.kind() == Engine.Kind.SERVER)
            entries.put("model", new Setting(more.first.value(), more.first.start(), more.first.end()));
        return engine.with(new Settings(entries, more.settings.open()));
    }

    private static int start(List<Word> words, int at) {
        return words.get(at).start();
    }

    private static int end(List<Word> words) {
        return words.getLast().end();
    }

    /// Ray's names of what a listener has.
    private static Settings renamed(Settings options) {
        Map<String, Setting> entries = new LinkedHashMap<>(options.entries());
        Setting host = entries.remove("dashboard_host");
        if (host == null) entries.remove("host");
        else entries.put("host", host);
        return new Settings(entries, options.open());
    }

    private record Options(Settings settings, @Nullable Word first) {}

    private Options options(List<Word> words, int from) {
        Map<String, Setting> entries = new LinkedHashMap<>();
        boolean open = false;
        Word first = null;
        for (int i = from; i < words.size(); i++) {
            Word word = words.get(i);
            open |= ELSEWHERE.matcher(word.text()).matches();
            if (!word.text().startsWith("-") || word.text().length() < 2) {
                if (first == null && !word.text().startsWith("$")) first = word;
                else if (!(word.value() instanceof Value.Text) || word.text().contains("$"))
                    open |= first != null || !word.text().isEmpty();
                if (first == null && word.text().startsWith("$")) {
                    if (i == from) first = word; // the model
                    else open = true;
                }
                continue;
            }
            int equals = word.text().indexOf('=');
            String name = name(equals < 0 ? word.text() : word.text().substring(0, equals));
            if (name.startsWith("no_")) {
                entries.put(name.substring(3), new Setting(new Value.Truth(false), word.start(), word.end()));
            } else if (equals >= 0) {
                entries.put(name, new Setting(typed(rest(word, equals + 1)), word.start(), word.end()));
            } else if (!SWITCHES.contains(name) && i + 1 < words.size() && !isOption(words.get(i + 1))) {
                Word value = words.get(++i);
                entries.put(name, new Setting(typed(value.value()), word.start(), value.end()));
            } else {
                entries.put(name, new Setting(new Value.Truth(true), word.start(), word.end()));
            }
        }
        return new Options(new Settings(entries, open), first);
    }

    /// Stands for options that another program puts there, or hands on.
    private static final Pattern ELSEWHERE = Pattern.compile("__\\w+__|<[^<>]+>|\"?\\$[@*]\"?|\\$\\{\\w+\\[[@*]]}");

    private static boolean isOption(Word word) {
        return word.text().startsWith("-") && !word.text().matches("-\\d.*");
    }

    private static String name(String option) {
        String name = option.replaceFirst("^-+", "").toLowerCase(Locale.ROOT).replace('-', '_');
        return SHORT.getOrDefault(name, name);
    }

    private static Value rest(Word word, int from) {
        if (word.value() instanceof Value.Text(String text) && text.length() >= from)
            return new Value.Text(text.substring(from));
        return Shell.expanded(word.text().substring(from), Map.of());
    }

    /// Numbers and truths as such.
    static Value typed(Value value) {
        return Value.either(value.alternatives()
                .map(one -> one instanceof Value.Text(String text) ? Scalars.of(text) : one)
                .toArray(Value[]::new));
    }
}
