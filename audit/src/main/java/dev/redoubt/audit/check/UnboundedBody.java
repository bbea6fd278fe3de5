package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Bodies that are read whole by a program in which nothing looks at their size.
final class UnboundedBody implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.4/unbounded-body",
            Level.NOTE,
            "a body is read whole, however large it is",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "Starlette, FastAPI and Ray Serve bound no body: a few large ones take the memory of all callers.",
            "check Content-Length before reading and count bytes while reading request.stream(), here or in the proxy before it",
            References.ALL);

    private static final Set<String> METHODS = Set.of("body", "json", "form", "read", "get_data", "get_json");
    /// A program that names one of these looks at sizes, or at lengths of what it has read ([BodyReadFirst]).
    private static final Pattern MEASURES = Pattern.compile(
            "(?i)content[-_]length|\\.stream\\(|max_?(body|upload|file|request|content|payload)_?(size|bytes|len)|body_?limit|len\\((await )?\\w*(body|data|raw|content|payload)");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> {
            python.module().calls().stream() // it is the program that lacks a bound: one finding
                    .filter(site -> Bodies.isRead(python, site.call(), site.scope(), METHODS))
                    .findFirst()
                    .filter(_ -> !MEASURES.matcher(facts.source().text()).find())
                    .ifPresent(site -> findings.add(INFO, site.call(), "nothing here bounds the bodies that are read"));
        });
    }
}
