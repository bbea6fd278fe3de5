package dev.redoubt.bench.edge;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.gateway.openai.GenerationFields;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.policy.screen.PromptScreen;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/// What single layers take of one request, one after the other, warm.
final class Layers {
    private static final int ROUNDS = 9;
    private static final int CALLS = 2_000;
    private static final String QUESTION = "Why is the sky blue, and why is it red in the evening? ".repeat(10);
    static final String BODY =
            "{\"model\":\"" + InstantModel.NAME + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" + QUESTION
                    + "\"}],\"max_tokens\":1,\"temperature\":0}";

    private final KeyStore keys;
    private final RateLimiter limiter;
    private final AuditLog audit;
    private final String key;
    private int sink; // so that nothing is computed for nobody

    private interface Layer {
        int run() throws Exception;
    }

    Layers(KeyStore keys, RateLimiter limiter, AuditLog audit, String key) {
        this.keys = keys;
        this.limiter = limiter;
        this.audit = audit;
        this.key = key;
    }

    void print() throws Exception {
        Principal caller = keys.authenticate(key).orElseThrow();
        byte[] body = BODY.getBytes(StandardCharsets.UTF_8);
        StrictJson json = new StrictJson(JsonLimits.REQUEST);
        GenerationFields fields = new GenerationFields(RequestLimits.DEFAULT);
        PromptScreen screen = new PromptScreen(List.of());
        String longest = "The sky is blue, said he. ".repeat(400).substring(0, 8192);
        print("key", () -> keys.authenticate(key).hashCode());
        print("windows", () -> admit(caller));
        print(
                "strict JSON and fields",
                () -> fields.chat(fields.chatTable().decode("", json.parse(body)))
                        .hashCode());
        print(
                "prompt screen, " + QUESTION.length() + " characters",
                () -> screen.find(List.of(QUESTION)).size());
        print(
                "prompt screen, 8192 characters",
                () -> screen.find(List.of(longest)).size());
        print("audit record (refusals only)", this::note);
    }

    private int admit(Principal caller) {
        try (RateLimiter.Lease lease = limiter.admit(caller)) {
            lease.reserve(200);
            lease.use(10);
            return lease.hashCode();
        }
    }

    private int note() {
        audit.note(new AuditEvent(
                AuditKind.REQUEST_REFUSED,
                "key_0000000000000000",
                "bench",
                "/v1/chat/completions",
                java.util.Optional.of(Requirement.V3_4),
                "429 rate_limit_exceeded",
                "000000000000000000000000"));
        return 1;
    }

    private void print(String name, Layer layer) throws Exception {
        double[] micros = new double[ROUNDS];
        for (int round = -3; round < ROUNDS; round++) { // the first ones are for the compiler
            long begin = System.nanoTime();
            for (int i = 0; i < CALLS; i++) sink += layer.run();
            if (round >= 0) micros[round] = (System.nanoTime() - begin) / 1e3 / CALLS;
        }
        System.out.printf(Locale.ROOT, "%-42s %8.2f µs%n", name, EdgeBench.median(micros));
    }
}
