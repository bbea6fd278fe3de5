package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Callers.Framework;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Shape;
import dev.redoubt.audit.python.Statement;
import java.util.List;

/// `return {…}, 400` outside of Flask.
final class StatusPair implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R5.3/status-pair",
            Level.ERROR,
            "a refusal is answered with status 200",
            List.of("CWE-393"),
            "FastAPI and Ray Serve send a returned pair as a JSON list with status 200: callers take the refusal for an answer. Only Flask reads such pairs.",
            "raise HTTPException(status_code=400, …), or return JSONResponse(…, status_code=400)",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static void look(Python python, Findings findings) {
        for (Owned<Statement> owned : python.module().statements()) {
            if (!(owned.node() instanceof Statement.Simple statement)
                    || !statement.word().equals("return")) continue;
            Statement.Function function = owned.scope().function();
            if (function == null || statement.values().isEmpty()) continue;
            if (!(statement.values().getFirst() instanceof Expression.Items items)
                    || items.shape() != Shape.TUPLE
                    || items.elements().size() != 2) continue;
            double status =
                    python.values().of(items.elements().get(1), owned.scope()).largest();
            boolean body = items.elements().getFirst() instanceof Expression.Dict
                    || items.elements().getFirst() instanceof Expression.Text;
            if (!body || status < 400 || status > 599) continue;
            python.callers()
                    .handler(function, owned.scope())
                    .filter(handler -> handler.framework() != Framework.FLASK)
                    .ifPresent(_ ->
                            findings.add(INFO, statement, "this pair is sent with status 200, not " + (int) status));
        }
    }
}
