package dev.redoubt.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The house rules that can be checked, over the sources of all modules. A problem reads `path:line: X is
/// banned, use Y`.
class TidyTest {
    /* Which module may name which: the arrows of the root pom. What a module descriptor forbids is here again, because a
     * descriptor is easily widened; what it cannot express (edges between packages of one module) stands in EDGES. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("base", Set.of()),
            Map.entry("kernels", Set.of()),
            Map.entry("trust", Set.of("base")),
            Map.entry("audit", Set.of("base")),
            Map.entry("policy", Set.of("base")),
            Map.entry("engine", Set.of("base", "kernels", "trust")),
            Map.entry("serve", Set.of("base", "policy")),
            Map.entry("runtime-onnx", Set.of("base", "trust", "serve", "runtime")), // its packages are in runtime
            Map.entry("runtime-llm", Set.of("base", "trust", "engine", "serve", "runtime")),
            Map.entry("runtime-torch", Set.of("base", "trust", "serve", "runtime")),
            Map.entry("gateway", Set.of("base", "policy", "serve")),
            Map.entry(
                    "cli",
                    Set.of("base", "kernels", "trust", "audit", "policy", "engine", "serve", "gateway", "runtime")),
            Map.entry("testkit", Set.of("base")),
            Map.entry("bench", Set.of("base", "kernels", "trust", "policy", "engine", "serve", "gateway", "testkit")));

    /// The package must not name the others.
    private record Edge(String from, String... never) {}

    private static final List<Edge> EDGES = List.of(
            new Edge("engine.template", "engine.tokenize", "engine.model", "engine.schedule", "engine.kvcache"),
            new Edge("engine.tokenize", "engine.model", "engine.schedule", "engine.kvcache", "engine.sample"),
            new Edge("engine.model", "engine.schedule", "engine.template", "engine.tokenize", "engine.sample"),
            new Edge(
                    "engine.kvcache",
                    "engine.model",
                    "engine.schedule",
                    "engine.template",
                    "engine.tokenize",
                    "kernels"),
            new Edge("engine.schedule", "engine.model", "engine.template", "engine.tokenize", "kernels", "trust"),
            new Edge("engine.sample", "engine.model", "engine.schedule", "engine.kvcache", "engine.template", "trust"));

    /// @param where paths (relative, with `/`) to which it applies
    private record Ban(Pattern code, String instead, Predicate<String> where) {}

    private static final List<Ban> BANS = List.of(
            new Ban(
                    Pattern.compile("\\bSystem\\.(out|err)\\b"),
                    "a logger, or the Console of cli",
                    path -> isMain(path) && !path.startsWith("cli/") && !path.startsWith("bench/")),
            new Ban(Pattern.compile("\\bnew Thread\\("), "Thread.ofPlatform().name(…)", path -> true),
            new Ban(
                    Pattern.compile("\\bThread\\.sleep\\b"),
                    "ManualClock, or a wait for the event",
                    path -> !isMain(path)),
            new Ban(
                    Pattern.compile(
                            "\\b(ObjectInputStream|ObjectOutputStream|Externalizable)\\b|\\bimplements .*\\bSerializable\\b"),
                    "StrictJson or a codec of ours",
                    path -> true),
            new Ban(Pattern.compile("\\bClass\\.forName\\b|\\bsetAccessible\\b"), "a constructor", path -> true),
            new Ban(
                    Pattern.compile("\\bProcessBuilder\\b|\\bgetRuntime\\(\\)\\s*\\.exec\\b"),
                    "code of ours: only pip, the training of an archive and worker processes, which are JVMs of ours, are child processes",
                    path -> isMain(path)
                            && !path.startsWith("testkit/")
                            && !path.startsWith("bench/")
                            && !path.endsWith("/WheelFetch.java")
                            && !path.endsWith("/ArchiveTraining.java")
                            && !path.contains("/dev/redoubt/serve/worker/")),
            new Ban(Pattern.compile("\\bjava\\.util\\.logging\\b"), "org.slf4j", path -> true),
            new Ban(Pattern.compile("\\bsun\\.misc\\.Unsafe\\b"), "java.lang.foreign", path -> true),
            new Ban(Pattern.compile("^import (static )?[\\w.]+\\.\\*;"), "one import for each name", path -> true),
            new Ban(Pattern.compile("@Disabled\\b"), "an assumption that says what is missing", path -> true));

    /// Of every text file, comments included.
    private static final List<Ban> TEXT_BANS = List.of(
            new Ban(Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b"), "an issue", path -> true),
            new Ban(
                    Pattern.compile("pypi\\." + "org|pythonhosted\\." + "org|repo1?\\.maven\\.(apache\\.)?"
                            + "org|npmjs\\." + "(org|com)|crates\\." + "io|proxy\\.golang\\." + "org"),
                    "the tool's own configuration: no registry is named here",
                    path -> true));

    private static final Set<String> TEXT_ENDINGS =
            Set.of("java", "md", "xml", "sh", "yaml", "yml", "json", "properties", "c", "h", "py");
    private static final int LONG_FILE_LINES = 700;

    private final Path root = root();
    private final List<String> paths = paths();

    @Test
    void modulesAndPackagesNameOnlyWhatTheyMayKnow() {
        List<String> problems = new ArrayList<>();
        Pattern named = Pattern.compile("\\bdev\\.redoubt\\.([a-z]+(?:\\.[a-z]+)*)");
        for (String path : javaFiles(TidyTest::isMain)) {
            String module = path.substring(0, path.indexOf('/'));
            String own = path.replaceFirst(".*/dev/redoubt/", "")
                    .replaceFirst("/?[^/]+$", "")
                    .replace('/', '.');
            Set<String> allowed = Objects.requireNonNull(ARROWS.get(module), () -> "no arrows for module " + module);
            List<String> lines = codeOf(path);
            for (int i = 0; i < lines.size(); i++) {
                if (path.endsWith("module-info.java")) break; // the compiler checks it
                Matcher matcher = named.matcher(lines.get(i));
                while (matcher.find()) {
                    String other = matcher.group(1);
                    String otherModule = other.split("\\.")[0];
                    if (!otherModule.equals(module) && !allowed.contains(otherModule))
                        problems.add(
                                problem(path, i, other + " in " + module, String.join(", ", new TreeSet<>(allowed))));
                    for (Edge edge : EDGES)
                        if (edge.from.equals(own))
                            for (String never : edge.never)
                                if (other.equals(never) || other.startsWith(never + "."))
                                    problems.add(
                                            problem(path, i, other + " in " + own, "what its package-info allows"));
                }
            }
        }
        report(problems);
    }

    @Test
    void everyPackageSaysWhatItIs() {
        Set<String> problems = new TreeSet<>();
        Set<String> known = Set.copyOf(paths);
        for (String path : javaFiles(TidyTest::isMain)) {
            String folder = path.substring(0, path.lastIndexOf('/'));
            if (!folder.endsWith("/java") && !known.contains(folder + "/package-info.java"))
                problems.add(problem(folder, 0, "a package without a word", "a package-info.java"));
        }
        report(problems);
    }

    @Test
    void bannedCallsAreNotCalled() {
        List<String> problems = new ArrayList<>();
        for (String path : javaFiles(any -> true)) {
            if (path.endsWith("/TidyTest.java")) continue;
            search(path, codeOf(path), BANS, problems);
        }
        report(problems);
    }

    @Test
    void noTextPromisesLaterOrNamesARegistry() {
        List<String> problems = new ArrayList<>();
        for (String path : paths)
            if (path.equals("redoubt") || TEXT_ENDINGS.contains(path.substring(path.lastIndexOf('.') + 1)))
                search(path, read(path).lines().toList(), TEXT_BANS, problems);
        report(problems);
    }

    @Test
    void linksInDocumentsLeadSomewhere() {
        List<String> problems = new ArrayList<>();
        Pattern link = Pattern.compile("\\[[^\\]]*\\]\\(([^)#\\s]+)(#[^)]*)?\\)");
        for (String path : paths) {
            if (!path.endsWith(".md")) continue;
            List<String> lines = read(path).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                Matcher matcher = link.matcher(lines.get(i));
                while (matcher.find()) {
                    String target = matcher.group(1);
                    if (target.matches("[a-z]+:.*") || target.contains("../shared/")) continue;
                    Path at = Objects.requireNonNull(root.resolve(path).getParent())
                            .resolve(target);
                    if (!Files.exists(at)) problems.add(problem(path, i, "link to " + target, "a file that exists"));
                }
            }
        }
        report(problems);
    }

    @Test
    void longFilesAreReported() {
        for (String path : javaFiles(any -> true)) {
            long lines = read(path).lines().count();
            if (lines > LONG_FILE_LINES)
                System.out.println(path + ":1: " + lines + " lines, usual are 500 or less: does it own one hard idea?");
        }
    }

    @Test
    void theScannerReadsLongTexts() {
        String source = "a(\"\"\"\n" + "a \"word\" and more\n".repeat(1000) + "\"\"\"); b();";
        assertThat(withoutCommentsAndStrings(source).strip())
                .endsWith("); b();")
                .doesNotContain("word");
    }

    @Test
    void theScannerSeesCodeAndNothingElse() {
        String source = """
                int a; // System.out
                /* new Thread( */ String s = "Thread.sleep \\" x"; char c = '"'; b();
                String t = \"""
                    ObjectInputStream "quoted"
                    \"""; call();
                """;
        assertThat(withoutCommentsAndStrings(source).lines().map(String::strip))
                .containsExactly("int a;", "String s = \"\"; char c = ''; b();", "String t = \"\"", "", "; call();");
    }

    private static boolean isMain(String path) {
        return path.contains("/src/main/");
    }

    private static void search(String path, List<String> lines, List<Ban> bans, List<String> problems) {
        for (Ban ban : bans) {
            if (!ban.where.test(path)) continue;
            for (int i = 0; i < lines.size(); i++) {
                Matcher matcher = ban.code.matcher(lines.get(i));
                if (matcher.find())
                    problems.add(problem(path, i, matcher.group().strip(), ban.instead));
            }
        }
    }

    private static String problem(String path, int lineIndex, String what, String instead) {
        return path + ":" + (lineIndex + 1) + ": " + what + " is banned, use " + instead;
    }

    private static void report(Iterable<String> problems) {
        assertThat(problems).as("house rules").isEmpty();
    }

    private List<String> javaFiles(Predicate<String> where) {
        return paths.stream()
                .filter(path -> path.endsWith(".java"))
                .filter(where)
                .toList();
    }

    private List<String> codeOf(String path) {
        return withoutCommentsAndStrings(read(path)).lines().toList();
    }

    private String read(String path) {
        try {
            return Files.readString(root.resolve(path), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The source with comments removed and literals emptied; lines stay where they are. A text block is not read
    /// letter
    /// by letter: the matcher takes a frame of the stack for each turn of such a group.
    private static String withoutCommentsAndStrings(String source) {
        Pattern token = Pattern.compile(
                "\"\"\"[^\\\\\"]*+(?:(?:\\\\.|\"{1,2}(?!\"))[^\\\\\"]*+)*+\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])+'|//[^\n]*|/\\*.*?\\*/",
                Pattern.DOTALL);
        return token.matcher(source).replaceAll(found -> {
            String text = found.group();
            String quote = text.startsWith("\"") ? "\"\"" : text.startsWith("'") ? "''" : "";
            return Matcher.quoteReplacement(quote
                    + "\n".repeat((int) text.chars().filter(c -> c == '\n').count()));
        });
    }

    private List<String> paths() {
        List<String> found = new ArrayList<>();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    String name = String.valueOf(folder.getFileName());
                    boolean skipped = name.equals("target") || (name.startsWith(".") && !name.equals(".ci"));
                    return skipped && !folder.equals(root) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    found.add(root.relativize(file).toString().replace('\\', '/'));
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        found.sort(null);
        return found;
    }

    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent())
            if (Files.isRegularFile(at.resolve("redoubt")) && Files.isRegularFile(at.resolve("pom.xml"))) return at;
        throw new IllegalStateException("no checkout above " + Path.of("").toAbsolutePath());
    }
}
