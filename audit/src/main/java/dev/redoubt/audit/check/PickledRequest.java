package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import java.util.List;
import java.util.Set;

/// Pickles out of requests.
final class PickledRequest implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R3.1/pickled-request",
            Level.ERROR,
            "what a caller sends is unpickled",
            List.of("CWE-502"),
            "Reading a pickle runs what it says: a caller runs code in the server.",
            "take JSON, or raw tensors with a stated dtype and shape",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Set<String> READERS = Set.of(
            "pickle.loads",
            "pickle.load",
            "cloudpickle.loads",
            "cloudpickle.load",
            "dill.loads",
            "dill.load",
            "joblib.load",
            "torch.load",
            "ray.cloudpickle.loads",
            "yaml.unsafe_load",
            "marshal.loads",
            "jsonpickle.decode");

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            if (!READERS.contains(site.name()) || site.call().arguments().isEmpty()) continue;
            Expression read = site.call().arguments().getFirst().value();
            if (ofCaller(python, read, site))
                findings.add(INFO, site.call(), site.name() + " runs what a caller sends");
        }
    }

    /// Itself, or wrapped as a file: `torch.load(io.BytesIO(body))`.
    private static boolean ofCaller(Python python, Expression read, Site site) {
        if (python.callers().decide(read, site.scope())) return true;
        return read instanceof Expression.Call call
                && python.values().name(call.function(), site.scope()).equals("io.BytesIO")
                && !call.arguments().isEmpty()
                && python.callers().decide(call.arguments().getFirst().value(), site.scope());
    }
}
