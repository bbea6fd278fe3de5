package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.PythonModule.Site;
import java.util.List;

/// Programs with routes and no limiter.
final class NoRateLimit implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V3.4/no-rate-limit",
            Level.NOTE,
            "nothing limits how many requests a key makes",
            List.of("CWE-770", References.SERVICE),
            "One caller can use up the engine. Neither vLLM nor Ray Serve counts requests by key.",
            "count requests of each key in an exact window of 60 seconds, here or in the proxy before it",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python()
                .filter(python -> python.module().importsAny("vllm", "ray.serve"))
                .ifPresent(python -> {
                    if (python.module()
                                    .importsAny("slowapi", "fastapi_limiter", "limits", "aiolimiter", "flask_limiter")
                            || facts.source().text().matches("(?si).*rate_?limit.*")) return;
                    for (Site site : python.module().calls())
                        if (site.name().equals("fastapi.FastAPI"))
                            findings.add(INFO, site.call(), "nothing here counts the requests of a key");
                });
    }
}
