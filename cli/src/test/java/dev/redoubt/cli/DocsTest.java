package dev.redoubt.cli;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.testkit.GeneratedDoc;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// The reference pages are made from the code they describe.
final class DocsTest {
    private static final Map<String, String> ENGINE = Map.ofEntries(
            Map.entry("kernels", "`auto`, `scalar`, `vector` or `native`; all give the same bits"),
            Map.entry("threads", "compute threads (`--threads`; the default is the number of cores)"),
            Map.entry("contextTokensMax", "prompt and answer together (`--max-model-len`), at most the model's own"),
            Map.entry("sequencesMax", "sequences in one step"),
            Map.entry("batchedTokensMax", "tokens in one step"),
            Map.entry("prefillTokensMax", "prefill tokens in one step; beside decodes as many as take about 100 ms"),
            Map.entry("queuedMax", "requests waiting; more get 429 `queue_full`"),
            Map.entry("memoryUtilization", "share of the available memory that the KV pool may take"),
            Map.entry("kvFormat", "how keys and values are stored (`--kv-cache-dtype`): `f16`, `f32` or `q8`"),
            Map.entry("kvBytesMax", "upper bound of the KV pool; without one, what the limits above can use"),
            Map.entry("prefixCache", "whether full blocks are kept for later requests of the same key and end user"),
            Map.entry(
                    "speculative",
                    "whether tokens are guessed from the same sequence's own text (`--speculative`); the answers are the same"),
            Map.entry("limits", "the bounds of a request, below"));

    private static final Map<String, String> LIMITS = Map.ofEntries(
            Map.entry("promptCodePointsMax", "code points of a prompt, or of all message contents (V1.4)"),
            Map.entry("maxTokensMax", "`max_tokens` (V3.3)"),
            Map.entry("maxTokensDefault", "where `max_tokens` is absent (V3.3); less where the prompt leaves less"),
            Map.entry("temperatureMax", "`temperature` (V5.1)"),
            Map.entry("temperatureDefault", "where `temperature` is absent (V5.1)"),
            Map.entry("choicesMax", "`n`"),
            Map.entry("promptsMax", "prompts in one request (R1.4)"),
            Map.entry("stopStringsMax", "strings in `stop`"),
            Map.entry("stopStringLengthMax", "code points of one of them"),
            Map.entry("stopTokenIdsMax", "ids in `stop_token_ids`"),
            Map.entry("logitBiasMax", "entries of `logit_bias`"),
            Map.entry("logprobsMax", "`top_logprobs`, `prompt_logprobs`"),
            Map.entry("bodyBytesMax", "bytes of a request body (R1.4)"),
            Map.entry("requestTimeout", "end to end (R1.3)"));

    private static final Map<String, String> RATES = Map.ofEntries(
            Map.entry("requestsPerMinute", "generation and tokenizer requests of a key in any 60 s, exactly (V3.4)"),
            Map.entry(
                    "tokensPerMinute",
                    "tokens of a key in any 60 s: 60 requests of a whole context; reserved as prompt and `max_tokens`, the"
                            + " rest is given back (V3.4)"),
            Map.entry("streamsPerKey", "requests of a key in progress at once (V3.4)"),
            Map.entry("streamsPerTenant", "requests of an application in progress at once, over all its keys (V3.4)"),
            Map.entry("ongoingMax", "requests in progress at once, of all callers (R1.1)"),
            Map.entry(
                    "readsPerMinute",
                    "of a key in any 60 s: `/v1/models`, `/openapi.json`, `/metrics` and paths that do not exist"),
            Map.entry("failuresPerMinute", "failed authentications of an address (IPv4) or a /64 (IPv6)"));

    @Test
    void errorsAreCurrent() throws IOException {
        StringBuilder page = new StringBuilder("""
                # Errors

                Made from `ErrorCode` and `ExitCode` (`./redoubt dev docs`).

                A reply carries `{"error": {"message", "type", "param", "code"}}`; `code` is stable, `param` names the field to blame, a 5xx of ours
                carries an `error_id` that stands in the log. 429 and 503 carry `Retry-After`
                and `retry-after-ms`, exact for `rate_limit_exceeded`; generation and tokenizer routes carry OpenAI's `x-ratelimit-*`.

                | code | status | who | message |
                |---|---|---|---|
                """);
        for (ErrorCode code : ErrorCode.values())
            page.append("| `%s` | %d | %s | %s |\n"
                    .formatted(
                            code.wire(),
                            code.status(),
                            code.kind().name().toLowerCase(Locale.ROOT),
                            code.template().replace("%s", "…").replace("|", "\\|")));
        page.append("""

                ## Exit codes of `./redoubt`
                A refused start (78) prints every problem, one line each: `REFUSED rule=… found=… allowed="…" fix="…"`.

                | code | meaning |
                |---|---|
                """);
        Map<Integer, String> exits = new TreeMap<>();
        for (ExitCode exit : ExitCode.values())
            exits.put(exit.code(), exit.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        exits.forEach((code, name) -> page.append("| %d | %s |\n".formatted(code, name)));
        GeneratedDoc.assertCurrent("ERRORS.md", page.toString());
    }

    @Test
    void settingsAreCurrent() throws IOException, ReflectiveOperationException {
        StringBuilder page = new StringBuilder("""
                # Settings

                Made from the records that hold them (`./redoubt dev docs`).

                ## Environment
                | name | default | what |
                |---|---|---|
                | `REDOUBT_HOME` | `~/.redoubt` | state, keys and models; only the owner may read it |
                | `JAVA_HOME` | searched | a JDK 25 or later |
                | `HF_ENDPOINT`, `HF_TOKEN` | the public hub, none | where a Hugging Face source is fetched from, and with what token |
                | `REDOUBT_JAVA_OPTIONS` | none | options for the JVM |

                ## Engine
                | setting | default | what |
                |---|---|---|
                """);
        rows(page, EngineOptions.defaults(2), ENGINE);
        page.append("""

                ## A request
                | setting | default | what |
                |---|---|---|
                """);
        rows(page, RequestLimits.DEFAULT, LIMITS);
        page.append("""

                JSON of a request: at most %d levels, %d tokens, %d characters in a field name.
                """.formatted(
                JsonLimits.REQUEST.depthMax(), JsonLimits.REQUEST.tokensMax(), JsonLimits.REQUEST.nameLengthMax()));
        page.append("""

                ## Callers
                | setting | default | what |
                |---|---|---|
                """);
        rows(page, RateLimits.DEFAULT, RATES);
        GeneratedDoc.assertCurrent("SETTINGS.md", page.toString());
    }

    private static void rows(StringBuilder page, Record values, Map<String, String> meanings)
            throws ReflectiveOperationException {
        for (RecordComponent component : values.getClass().getRecordComponents()) {
            String meaning = meanings.get(component.getName());
            if (meaning == null) throw new IllegalStateException("say what " + component.getName() + " is");
            Object value = component.getAccessor().invoke(values);
            boolean elsewhere = value instanceof Record || component.getName().equals("threads");
            page.append("| `%s` | %s | %s |\n".formatted(component.getName(), elsewhere ? "–" : shown(value), meaning));
        }
    }

    private static String shown(Object value) {
        return value.toString()
                .replace("OptionalLong.empty", "none")
                .replace("PT", "")
                .toLowerCase(Locale.ROOT);
    }
}
