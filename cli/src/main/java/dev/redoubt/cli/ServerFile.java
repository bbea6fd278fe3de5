package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.Secret;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.kernels.Providers;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.policy.screen.PromptScreen;
import dev.redoubt.policy.screen.ScreenRules;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// Every setting of `redoubt.yaml`: the one table that reading, the reference page and the rules' bounds are
/// made of.
final class ServerFile {
    /* A type's range is what the program can do; what the rules allow without a waiver is narrower and stands in BOUNDS. So a number beyond
     * the rules is refused by its rule, with the way out, and not as if it were a spelling mistake. */
    private static final long KIB = 1L << 10;
    private static final RequestLimits REQUEST = RequestLimits.DEFAULT;
    private static final RateLimits RATES = RateLimits.DEFAULT;
    private static final EngineOptions ENGINE = EngineOptions.defaults(1);
    private static final SettingType<String> NAME = ApplicationSettings.NAME;
    private static final SettingType<String> DIGEST = ApplicationSettings.DIGEST;

    static final Setting<Path> CERTIFICATE =
            Setting.required("certificate", SettingType.path(), "PEM, the server's certificate first, then its chain");
    static final Setting<Secret> KEY =
            Setting.required("key", SettingType.secret(), "PEM, the private key; only the owner may read the file");
    static final Setting<Path> CLIENT_CA = Setting.optional(
            "client-ca", SettingType.path(), "PEM; whoever presents a certificate must have it from there");
    static final Setting<List<String>> TLS_VERSIONS = Setting.of(
            "versions",
            SettingType.list(SettingType.oneOf(List.of("1.2", "1.3")), 2),
            List.of("1.3"),
            "of TLS; 1.2 needs a waiver of R1.2");
    static final Setting<String> FINGERPRINT =
            Setting.required("fingerprint", DIGEST, "SHA-256 of the certificate in DER, as `dev-cert` prints it");
    static final Setting<String> CERTIFICATE_APPLICATION =
            Setting.required("application", NAME, "whose requests its holder may make");
    static final Setting<List<String>> CERTIFICATE_SCOPES = Setting.of(
            "scopes",
            SettingType.list(SettingType.oneOf(List.of("inference", "metrics")), 4),
            List.of("inference"),
            "what its holder may do");
    static final Section CLIENT_CERTIFICATE =
            new Section(List.of(FINGERPRINT, CERTIFICATE_APPLICATION, CERTIFICATE_SCOPES));
    static final Setting<List<SectionValues>> CLIENT_CERTIFICATES = Setting.of(
            "client-certificates",
            SettingType.list(CLIENT_CERTIFICATE, 1000),
            List.of(),
            "certificates that stand for a key; they need `client-ca`");
    static final Section TLS = new Section(List.of(CERTIFICATE, KEY, CLIENT_CA, TLS_VERSIONS, CLIENT_CERTIFICATES));

    static final Setting<String> HOST = Setting.of(
            "host",
            SettingType.text("an address of this machine", Pattern.compile("[A-Za-z0-9.:-]{1,255}")),
            "127.0.0.1",
            "where to listen; beyond loopback only with `tls` (R1.2)");
    static final Setting<Integer> PORT = Setting.of("port", SettingType.integer(0, 65_535), 8000, "0 picks a free one");
    static final Setting<SectionValues> HTTP_TLS = Setting.optional("tls", TLS, "certificate and key");
    static final Setting<String> WEBSOCKET_ORIGIN = Setting.of(
            "websocket-origin",
            SettingType.oneOf(List.of("refuse", "same")),
            "refuse",
            "of pages that open WebSockets: none may, or those of this very address");
    static final Setting<Integer> GRPC_PORT = Setting.optional(
            "grpc-port",
            SettingType.integer(0, 65_535),
            "where applications are called by gRPC, on the same host with the same TLS; without it nowhere");
    static final Section HTTP = new Section(List.of(HOST, PORT, HTTP_TLS, WEBSOCKET_ORIGIN, GRPC_PORT));

    static final Setting<String> MODEL_NAME = Setting.required(
            "name",
            SettingType.text("a name of the store", Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}")),
            "a model of the store (`redoubt models list`)");
    static final Setting<String> MODEL_DIGEST =
            Setting.optional("digest", DIGEST, "of its manifest: another one is refused (V4.1)");
    static final Setting<Integer> MODEL_CPU =
            Setting.required("cpu", SettingType.integer(1, 1024), Requirement.R1_1, "compute threads (R1.1)");
    static final Setting<Long> MODEL_MEMORY = Setting.required(
            "memory", SettingType.size(64 << 20, 1L << 44), Requirement.R1_1, "weights and KV cache together (R1.1)");
    static final Setting<Integer> MODEL_ONGOING = Setting.required(
            "max-ongoing-requests",
            SettingType.integer(1, 10_000),
            Requirement.R1_1,
            "running and waiting; more get 429 (R1.1)");
    static final Setting<String> ADAPTER_NAME = Setting.required(
            "name",
            SettingType.text("a name of the store", Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}")),
            "an adapter of the store, added for this model; requests choose it by this name");
    static final Setting<String> ADAPTER_DIGEST =
            Setting.optional("digest", DIGEST, "of its manifest: another one is refused (V4.1)");
    static final Section ADAPTER = new Section(List.of(ADAPTER_NAME, ADAPTER_DIGEST));
    static final Setting<List<SectionValues>> MODEL_ADAPTERS = Setting.of(
            "adapters",
            SettingType.list(ADAPTER, ModelChoice.ADAPTERS_MAX),
            List.of(),
            "LoRA adapters, each a model of its own beside this one; their weights count in `memory`");
    static final Section MODEL =
            new Section(List.of(MODEL_NAME, MODEL_DIGEST, MODEL_CPU, MODEL_MEMORY, MODEL_ONGOING, MODEL_ADAPTERS));

    static final Setting<String> KERNELS =
            Setting.of("kernels", SettingType.oneOf(Providers.NAMES), "auto", "who computes; all give the same bits");
    static final Setting<Integer> MODEL_LEN = Setting.of(
            "max-model-len",
            SettingType.integer(16, 1 << 20),
            ENGINE.contextTokensMax(),
            "prompt and answer together, in tokens");
    static final Setting<Integer> SEQUENCES =
            Setting.of("max-num-seqs", SettingType.integer(1, 1024), ENGINE.sequencesMax(), "sequences in one step");
    static final Setting<Integer> BATCHED_TOKENS = Setting.of(
            "max-num-batched-tokens", SettingType.integer(16, 65_536), ENGINE.batchedTokensMax(), "tokens in one step");
    static final Setting<Double> UTILIZATION = Setting.of(
            "memory-utilization",
            SettingType.decimal(0.01, 0.95),
            ENGINE.memoryUtilization(),
            "share of the available memory that the KV cache may take");
    static final Setting<String> KV_TYPE = Setting.of(
            "kv-cache-dtype", SettingType.oneOf(List.of("f16", "f32", "q8")), "f16", "how keys and values are stored");
    static final Setting<String> PREFIX_CACHE = Setting.of(
            "prefix-cache",
            SettingType.oneOf(List.of("off", "principal", "tenant")),
            "principal",
            "inside what computed prefixes are used again (V1.1)");
    static final Setting<String> SPECULATIVE = Setting.of(
            "speculative",
            SettingType.oneOf(List.of("ngram", "off")),
            "ngram",
            "guess tokens from what the same text said before; the answers are the same");
    static final Setting<Duration> CANARY_EVERY = Setting.of(
            "canary-every",
            SettingType.duration(Duration.ofMinutes(10), Duration.ofDays(7)),
            ServerConfig.CANARY_EVERY,
            "after what time a model reads its reference text again, when idle (V6.2)");
    static final Section ENGINE_SECTION = new Section(List.of(
            CANARY_EVERY,
            KERNELS,
            MODEL_LEN,
            SEQUENCES,
            BATCHED_TOKENS,
            UTILIZATION,
            KV_TYPE,
            PREFIX_CACHE,
            SPECULATIVE));

    static final Setting<Integer> REQUESTS_PER_MINUTE = Setting.of(
            "requests-per-minute",
            SettingType.integer(1, 100_000),
            RATES.requestsPerMinute(),
            "of a key, in any 60 seconds");
    static final Setting<Integer> TOKENS_PER_MINUTE = Setting.of(
            "tokens-per-minute",
            SettingType.integer(1, Integer.MAX_VALUE),
            RATES.tokensPerMinute(),
            "of a key, in any 60 seconds: prompts and `max_tokens`; what is not used is given back");
    static final Setting<Integer> STREAMS_PER_KEY = Setting.of(
            "streams-per-key",
            SettingType.integer(1, 10_000),
            RATES.streamsPerKey(),
            "requests of a key in progress at once");
    static final Setting<Integer> STREAMS_PER_APPLICATION = Setting.of(
            "streams-per-application",
            SettingType.integer(1, 10_000),
            RATES.streamsPerTenant(),
            "the same over all keys of an application");
    static final Setting<Integer> REQUESTS_IN_PROGRESS = Setting.of(
            "requests-in-progress",
            SettingType.integer(1, 100_000),
            RATES.ongoingMax(),
            "the same over the whole server, and how many WebSockets may be open; more get 503. A model and each"
                    + " deployment have limits of their own");
    static final Setting<Duration> REQUEST_TIMEOUT = Setting.of(
            "request-timeout",
            SettingType.duration(Duration.ofSeconds(1), Duration.ofHours(1)),
            REQUEST.requestTimeout(),
            "of a request, end to end");
    static final Setting<Long> BODY_BYTES = Setting.of(
            "body-bytes",
            SettingType.size(KIB, 1L << 30),
            REQUEST.bodyBytesMax(),
            "of a request body, while it is read; bodies in memory and what is made of them take a quarter of the heap at most, one"
                    + " application's an eighth (503 `busy`): `REDOUBT_JAVA_OPTIONS=-Xmx1g` gives more than 512 MiB");
    static final Setting<Integer> PROMPTS = Setting.of(
            "prompts-per-request", SettingType.integer(1, 1024), REQUEST.promptsMax(), "prompts in one request");
    static final Setting<Integer> CODE_POINTS = Setting.of(
            "prompt-code-points",
            SettingType.integer(1, 10_000_000),
            REQUEST.promptCodePointsMax(),
            "of a prompt, or of all message contents");
    static final Setting<Integer> MAX_TOKENS =
            Setting.of("max-tokens", SettingType.integer(1, 1 << 20), REQUEST.maxTokensMax(), "highest `max_tokens`");
    static final Setting<Integer> DEFAULT_MAX_TOKENS = Setting.of(
            "default-max-tokens",
            SettingType.integer(1, 1 << 20),
            REQUEST.maxTokensDefault(),
            "where `max_tokens` is absent");
    static final Section LIMITS = new Section(List.of(
            REQUESTS_PER_MINUTE,
            TOKENS_PER_MINUTE,
            STREAMS_PER_KEY,
            STREAMS_PER_APPLICATION,
            REQUESTS_IN_PROGRESS,
            REQUEST_TIMEOUT,
            BODY_BYTES,
            PROMPTS,
            CODE_POINTS,
            MAX_TOKENS,
            DEFAULT_MAX_TOKENS));

    static final int ROUTE_STOPS_MAX = 8;
    static final Setting<List<String>> COMPLETION_STOPS = Setting.of(
            "completions",
            SettingType.list(
                    SettingType.text(
                            "1 to " + REQUEST.stopStringLengthMax() + " characters",
                            Pattern.compile("(?s).{1," + REQUEST.stopStringLengthMax() + "}")),
                    ROUTE_STOPS_MAX),
            RoutePolicies.DEFAULT.completionStops(),
            "of `/v1/completions` and `/generate`; at least one");
    static final Section STOPS = new Section(List.of(COMPLETION_STOPS));

    private static final SettingType<String> SCREEN_MODE = SettingType.oneOf(List.of("signal", "refuse"));
    static final Setting<String> CHAT_SCREEN =
            Setting.of("chat", SCREEN_MODE, "signal", "what follows from a finding on `/v1/chat/completions`");
    static final Setting<String> COMPLETIONS_SCREEN =
            Setting.of("completions", SCREEN_MODE, "signal", "the same on `/v1/completions` and `/generate`");
    static final Setting<List<String>> SCREEN_PATTERNS = Setting.of(
            "patterns",
            SettingType.list(
                    SettingType.text(
                            "1 to " + ScreenRules.OWN_LENGTH_MAX + " characters, " + ScreenRules.OWN_LETTERS_MIN
                                    + " of them letters or digits",
                            text -> text.codePointCount(0, text.length()) <= ScreenRules.OWN_LENGTH_MAX
                                    && PromptScreen.lettersOf(text) >= ScreenRules.OWN_LETTERS_MIN),
                    ScreenRules.OWN_MAX),
            List.of(),
            "your own, beside those of the product: plain texts, of which the letters are compared");
    static final Section SCREEN = new Section(List.of(CHAT_SCREEN, COMPLETIONS_SCREEN, SCREEN_PATTERNS));

    static final Setting<String> ADMIN_LISTEN = Setting.of(
            "listen",
            SettingType.text(
                    "unix, or ADDRESS:PORT",
                    Pattern.compile("unix|(?:[A-Za-z0-9.-]{1,255}|\\[[0-9a-f:.]+]):[0-9]{1,5}")),
            "unix",
            "`admin.sock` in `REDOUBT_HOME`, which only its owner can open; or a port of loopback, for keys with the scopes "
                    + "`admin:read` and `admin:write`");
    static final Section ADMIN = new Section(List.of(ADMIN_LISTEN));

    static final Setting<String> WAIVER_RULE = Setting.required(
            "rule",
            SettingType.oneOf(Arrays.stream(Requirement.values())
                    .filter(Requirement::limit)
                    .map(Requirement::id)
                    .toList()),
            "whose numbers are raised");
    static final Setting<String> WAIVER_REASON = Setting.required(
            "reason", SettingType.text("1 to 500 characters", Pattern.compile("\\S[^\\p{Cntrl}]{0,499}")), "why");
    static final Setting<LocalDate> WAIVER_EXPIRES =
            Setting.required("expires", SettingType.date(), "the last day on which it counts");
    static final Section WAIVER = new Section(List.of(WAIVER_RULE, WAIVER_REASON, WAIVER_EXPIRES));

    static final Setting<SectionValues> HTTP_SETTING = Setting.of("http", HTTP, HTTP.absent(), "the data port");
    static final Setting<SectionValues> MODEL_SETTING =
            Setting.optional("model", MODEL, "a language model, and what it may take; or there are applications");
    static final Setting<SectionValues> ENGINE_SETTING =
            Setting.of("engine", ENGINE_SECTION, ENGINE_SECTION.absent(), "how it is computed");
    static final Setting<SectionValues> LIMITS_SETTING =
            Setting.of("limits", LIMITS, LIMITS.absent(), "what a request and a key may take");
    static final Setting<SectionValues> STOPS_SETTING = Setting.of(
            "stops", STOPS, STOPS.absent(), "strings that end a text of a route beside the caller's own (V1.5)");
    static final Setting<SectionValues> SCREEN_SETTING = Setting.of(
            "screen",
            SCREEN,
            SCREEN.absent(),
            "what prompts are looked through for: a finding is counted, or refused (V5.2)");
    static final Setting<SectionValues> ADMIN_SETTING =
            Setting.of("admin", ADMIN, ADMIN.absent(), "the operator's listener: never beyond loopback (V5.5)");
    static final Setting<List<SectionValues>> APPLICATIONS = Setting.optional(
            "applications",
            SettingType.list(ApplicationSettings.APPLICATION_SECTION, 1000),
            "what is deployed, and whose keys are good here; without it, those of every application");
    static final Setting<List<SectionValues>> WAIVERS = Setting.of(
            "waivers",
            SettingType.list(WAIVER, 100),
            List.of(),
            "leave to go beyond a number of the rules, until a day");

    /// The whole file.
    static final Section FILE = new Section(List.of(
            HTTP_SETTING,
            MODEL_SETTING,
            ENGINE_SETTING,
            LIMITS_SETTING,
            STOPS_SETTING,
            SCREEN_SETTING,
            ADMIN_SETTING,
            APPLICATIONS,
            WAIVERS));

    /// How far a setting may go without a waiver.
    ///
    /// @param section of the setting
    /// @param most inclusive
    record Bound<T extends Comparable<T>>(
            Setting<SectionValues> section, Setting<T> setting, Requirement rule, T most) {
        String path() {
            return section.key() + "." + setting.key();
        }
    }

    static final List<Bound<?>> BOUNDS = List.of(
            new Bound<>(MODEL_SETTING, MODEL_ONGOING, Requirement.R1_1, 100),
            new Bound<>(LIMITS_SETTING, REQUEST_TIMEOUT, Requirement.R1_3, Duration.ofSeconds(30)),
            new Bound<>(LIMITS_SETTING, BODY_BYTES, Requirement.R1_4, 10_000_000L),
            new Bound<>(LIMITS_SETTING, PROMPTS, Requirement.R1_4, 32),
            new Bound<>(LIMITS_SETTING, CODE_POINTS, Requirement.V1_4, 8192),
            new Bound<>(ENGINE_SETTING, MODEL_LEN, Requirement.V1_4, 4096),
            new Bound<>(ENGINE_SETTING, UTILIZATION, Requirement.V2_1, 0.85),
            new Bound<>(ENGINE_SETTING, SEQUENCES, Requirement.V2_3, 256),
            new Bound<>(ENGINE_SETTING, BATCHED_TOKENS, Requirement.V2_3, 8192),
            new Bound<>(LIMITS_SETTING, MAX_TOKENS, Requirement.V3_3, 2048),
            new Bound<>(LIMITS_SETTING, REQUESTS_PER_MINUTE, Requirement.V3_4, 60));

    private ServerFile() {}
}
