package dev.redoubt.audit.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.FactReader;
import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.SourceText;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What findings say, and how bad they are, where that hangs on more of a file.
class MessagesTest {
    private static List<Finding> found(Check check, String program) {
        SourceText source = new SourceText("app.py", program);
        Findings findings = new Findings(source, "app.py");
        check.look(
                new FactReader()
                        .read(Path.of("app.py"), FileKind.PYTHON, source)
                        .orElseThrow(),
                findings);
        return findings.all();
    }

    private static final String LIMITER = """
            import time
            from fastapi import FastAPI, HTTPException


            class RateLimiter:
                def __init__(self):
                    self.buckets = {}

                def take(self, key):
                    last = self.buckets.get(key, 0)
                    if time.time() - last < 1:
                        raise HTTPException(status_code=429)
                    self.buckets[key] = time.time()

                def clear_buckets(self):
                    now = time.time()
                    for key in [key for key, at in self.buckets.items() if now - at > 3600]:
                        FORGET
            """;

    @Test
    void V3_4_aLimiterThatForgetsIsNotToldThatItDoesNot() {
        assertThat(found(new ProcessRateLimit(), LIMITER.replace("FORGET", "print(self.buckets[key])")))
                .singleElement()
                .satisfies(one -> assertThat(one.message()).contains("forgets no caller"));
        assertThat(found(new ProcessRateLimit(), LIMITER.replace("FORGET", "del self.buckets[key]")))
                .singleElement()
                .satisfies(one -> assertThat(one.message()).isEqualTo("each process counts for itself"));
    }

    @Test
    void R4_1_aScriptThatAsksItselfIsANote() {
        String script = "import requests\nfrom ray import serve\nserve.run(app)\n";
        assertThat(found(new DefaultNamespace(), script))
                .singleElement()
                .satisfies(one -> assertThat(one.level()).isEqualTo(Level.WARNING));
        assertThat(found(new DefaultNamespace(), script + "r = requests.post('http://localhost:8000/a')\n"))
                .singleElement()
                .satisfies(one -> assertThat(one.level()).isEqualTo(Level.NOTE));
    }

    @Test
    void V4_4_aTokenInATestMayBeMadeUp() {
        String text = "assert leaks('ghp_aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2y')\n";
        SourceText source = new SourceText("tests/test_leaks.py", text);
        Findings findings = new Findings(source, "tests/test_leaks.py");
        new LiteralToken()
                .look(
                        new FactReader()
                                .read(Path.of("test_leaks.py"), FileKind.PYTHON, source)
                                .orElseThrow(),
                        findings);
        assertThat(findings.all())
                .singleElement()
                .satisfies(one -> assertThat(one.level()).isEqualTo(Level.NOTE));
        assertThat(found(new LiteralToken(), text))
                .singleElement()
                .satisfies(one -> assertThat(one.level()).isEqualTo(Level.ERROR));
    }
}
