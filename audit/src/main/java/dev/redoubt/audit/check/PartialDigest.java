package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Digests of models that nobody compares, and those of `config.json` alone.
final class PartialDigest implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V4.2/partial-digest",
            Level.WARNING,
            "a digest does not show that the model is the one that was meant",
            List.of("CWE-345", "CWE-354", References.SUPPLY, References.ATLAS_SUPPLY),
            "A digest that is computed or declared and compared with nothing refuses no file. That of config.json says nothing of the weights.",
            "compute the digest of every file of the model, compare each with a pinned one, and refuse to load where one differs or is missing",
            References.ALL);

    private static final Pattern HASHER =
            Pattern.compile("hashlib\\.(sha\\d+|sha3_\\d+|blake2[bs]|md5|file_digest|new)");
    private static final Pattern DIGEST = Pattern.compile(HASHER.pattern() + "\\(\\)\\.(hex)?digest");
    private static final Pattern CALLED = Pattern.compile("(?i).*(sha\\d|digest|checksum|hash).*");
    private static final Pattern PINNED = Pattern.compile("(sha256:)?[0-9a-fA-F]{64}");
    private static final Pattern SHOWS = Pattern.compile("print|(.*\\.)?(debug|info|warning|error|log)");
    private static final Pattern WEIGHTS = Pattern.compile("(?i).*(safetensors|gguf|\\.bin|\\.pt|\\*).*");
    private static final Pattern WALKS = Pattern.compile(".*\\.(rglob|glob|iterdir|walk|listdir|scandir)");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().ifPresent(python -> {
            if (!python.module().importsAny("vllm", "ray.serve", "transformers", "torch", "safetensors", "onnxruntime"))
                return;
            if (python.module().importsAny("hashlib"))
                for (Owned<Statement.Function> function : python.module().functions()) {
                    ofConfiguration(python, function, findings);
                    if (readsFile(function)) notCompared(python, function, findings);
                }
            if (!facts.engines().isEmpty()) declared(python, findings);
        });
    }

    /// A function that takes the digest of `config.json` and of no other file.
    private static void ofConfiguration(Python python, Owned<Statement.Function> function, Findings findings) {
        List<Expression.Text> configuration = new ArrayList<>();
        List<Call> hashed = new ArrayList<>();
        boolean[] more = new boolean[1];
        function.node().walk(node -> {
            if (node instanceof Expression.Text text && text.text().endsWith("config.json")) configuration.add(text);
            if (node instanceof Expression.Text text
                    && WEIGHTS.matcher(text.text()).matches()) more[0] = true;
            if (!(node instanceof Call call)) return;
            String name = python.values().name(call.function(), function.scope());
            if (HASHER.matcher(name).matches()) hashed.add(call);
            if (WALKS.matcher(name).matches()) more[0] = true;
        });
        if (!configuration.isEmpty() && !hashed.isEmpty() && !more[0])
            findings.add(INFO, hashed.getFirst(), "the digest of config.json alone: the weights may be any");
    }

    /// A digest that gets a name, and whose name is shown at most.
    private static void notCompared(Python python, Owned<Statement.Function> function, Findings findings) {
        for (Statement statement : function.node().body())
            statement.walk(node -> {
                if (node instanceof Statement.Assign assign
                        && assign.value() instanceof Call call
                        && assign.targets().getFirst() instanceof Name name
                        && DIGEST.matcher(python.values().name(call.function(), function.scope()))
                                .matches()
                        && onlyShown(python, name, function))
                    findings.add(INFO, assign, name.id() + " is computed and compared with nothing");
            });
    }

    /// What is not of a file is no digest of a model: that of a key, or of a prompt.
    private static boolean readsFile(Owned<Statement.Function> function) {
        boolean[] found = new boolean[1];
        function.node().walk(node -> {
            if (node instanceof Call call)
                found[0] |= call.function() instanceof Name name && name.id().equals("open")
                        || call.function() instanceof Expression.Attribute method
                                && (method.name().equals("read_bytes")
                                        || method.name().equals("open")
                                        || method.name().equals("file_digest"));
        });
        return found[0];
    }

    private static boolean onlyShown(Python python, Name digest, Owned<Statement.Function> function) {
        int[] others = new int[1];
        for (Statement statement : function.node().body())
            statement.walk(node -> {
                if (node instanceof Name name && name.id().equals(digest.id()) && name.start() != digest.start())
                    others[0]++;
                if (node instanceof Call call
                        && SHOWS.matcher(python.values().name(call.function(), function.scope()))
                                .matches())
                    for (Expression.Argument argument : call.arguments())
                        others[0] -= mentions(argument.value(), digest.id());
            });
        return others[0] == 0;
    }

    private static int mentions(Node of, String name) {
        int[] count = new int[1];
        of.walk(node -> {
            if (node instanceof Name one && one.id().equals(name)) count[0]++;
        });
        return count[0];
    }

    /// A digest that stands in a program which sets up an engine, under a name that is used nowhere.
    private static void declared(Python python, Findings findings) {
        for (Owned<Statement> owned : python.module().statements())
            if (owned.scope().isModule()
                    && owned.node() instanceof Statement.Assign assign
                    && assign.targets().getFirst() instanceof Name name
                    && CALLED.matcher(name.id()).matches()
                    && assign.value() instanceof Expression.Text text
                    && PINNED.matcher(text.text()).matches()
                    && python.module().program().stream()
                                    .mapToInt(statement -> mentions(statement, name.id()))
                                    .sum()
                            == 1
                    && python.module().calls().stream().noneMatch(PartialDigest::exports))
                findings.add(INFO, assign, name.id() + " is declared and compared with nothing");
    }

    /// What looks names up can use any.
    private static boolean exports(Site site) {
        return site.name().equals("globals") || site.name().equals("getattr");
    }
}
