package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Readers of pickles in a program that serves.
final class PickledModel implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.6/pickled-model",
            Level.ERROR,
            "a model is read from a pickle",
            List.of("CWE-502", References.SUPPLY, References.ATLAS_SUPPLY),
            "Reading a pickle runs what it says. torch.load reads pickles; since torch 2.6 it refuses code unless weights_only=False asks for it.",
            "save and load weights as safetensors; with torch.load state weights_only=True",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    private static final Set<String> READERS = Set.of(
            "pickle.load",
            "pickle.loads",
            "cloudpickle.load",
            "cloudpickle.loads",
            "dill.load",
            "dill.loads",
            "joblib.load",
            "pandas.read_pickle",
            "pickle.Unpickler",
            "sklearn.externals.joblib.load",
            "ray.cloudpickle.loads",
            "ray.cloudpickle.load");

    private static final Set<String> STORED = Set.of("read", "read_bytes", "get"); // methods of files and stores

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python()
                .filter(python -> python.module().serves()
                        || python.module().importsAny("ray") && !python.module().trains())
                .ifPresent(python -> python.module().calls().stream()
                        .filter(site -> !trains(site.scope().function()))
                        .forEach(site -> look(python, site, findings)));
    }

    /// Whether a function trains, or goes on with what it trained before.
    private static boolean trains(Statement.@Nullable Function function) {
        if (function == null) return false;
        boolean[] found = new boolean[1];
        function.walk(node -> found[0] |= node instanceof Expression.Call call
                && (call.function() instanceof Expression.Attribute method && TRAINING.contains(method.name())
                        || call.function() instanceof Expression.Name name && TRAINING.contains(name.id())));
        return found[0];
    }

    private static final Set<String> TRAINING = Set.of("backward", "get_checkpoint");

    /// Bytes in memory are mostly the program's own, between its processes, unless they were just read from a file or
    /// a store; those of a request are R3.1's.
    private static void found(Python python, Site site, Findings findings) {
        if (isOwn(python, site)) {
            findings.add(
                    INFO,
                    Level.NOTE,
                    site.call().start(),
                    site.call().end(),
                    "who can write the file is unknown: this program writes pickles itself");
            return;
        }
        boolean given = site.name().endsWith(".loads") && !isStored(python, site);
        findings.add(
                INFO,
                given ? Level.NOTE : Level.ERROR,
                site.call().start(),
                site.call().end(),
                given
                        ? Findings.unknown("where " + site.name() + " has its bytes from")
                        : site.name() + " runs what the file says");
    }

    /// Whether a script or a notebook writes with the library that it reads with, step after step.
    private static boolean isOwn(Python python, Site site) {
        String writer = site.name().replaceFirst("\\.load$", ".dump");
        return site.scope().isModule()
                && site.name().endsWith(".load")
                && python.module().calls().stream()
                        .anyMatch(other -> other.name().equals(writer));
    }

    private static boolean isStored(Python python, Site site) {
        if (site.call().arguments().isEmpty()) return false;
        Expression bytes = site.call().arguments().getFirst().value();
        if (bytes instanceof Expression.Name name)
            bytes = python.module().assigned(name, site.scope()).orElse(name);
        return bytes instanceof Expression.Call read
                && read.function() instanceof Expression.Attribute method
                && STORED.contains(method.name())
                && !python.values().name(method, site.scope()).equals("ray.get");
    }

    /// `loads(dumps(…))` copies an object.
    private static boolean isRoundTrip(Python python, Site site) {
        return site.name().endsWith(".loads")
                && !site.call().arguments().isEmpty()
                && site.call().arguments().getFirst().value() instanceof Expression.Call inner
                && python.values().name(inner.function(), site.scope()).endsWith(".dumps");
    }

    private static void look(Python python, Site site, Findings findings) {
        if (READERS.contains(site.name())) {
            if (!site.call().arguments().isEmpty()
                    && python.callers()
                            .decide(site.call().arguments().getFirst().value(), site.scope())) return; // R3.1
            if (!isRoundTrip(python, site)) found(python, site, findings);
        } else if (site.name().equals("torch.load")) {
            Settings settings = python.values().arguments(site.call(), site.scope());
            Optional<Setting> only = settings.get("weights_only");
            if (only.isPresent() && only.get().value().mayBe(false))
                findings.add(INFO, site.call(), "torch.load with weights_only=False runs what the file says");
            else if (settings.lacks("weights_only") && python.module().serves())
                findings.add(
                        INFO,
                        Level.NOTE,
                        site.call().start(),
                        site.call().end(),
                        "which torch runs is unknown: before 2.6 torch.load runs what the file says, state weights_only=True");
        } else if (site.name().equals("numpy.load")
                && python.values()
                        .arguments(site.call(), site.scope())
                        .get("allow_pickle")
                        .filter(setting -> setting.value().mayBe(true))
                        .isPresent()) {
            findings.add(INFO, site.call(), "numpy.load with allow_pickle=True runs what the file says");
        }
    }
}
