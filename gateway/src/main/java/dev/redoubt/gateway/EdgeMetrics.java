package dev.redoubt.gateway;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.policy.screen.ScreenMode;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// What `/metrics` shows: vLLM's names where it has one, ours under `redoubt_`. Label values come from closed
/// sets: served models, routes of the table, statuses, finish reasons, patterns of the screen; nothing that a
/// caller writes. Safe for any thread.
final class EdgeMetrics {
    static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private static final String MODEL = "model_name";
    private static final double[] FIRST_TOKEN_SECONDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560
    };
    private static final double[] TOKEN_SECONDS = {
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
    };
    private static final double[] REQUEST_SECONDS = {
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
    private static final double[] TOKENS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final ServedModels models;
    private final Histogram firstToken =
            histogram("vllm:time_to_first_token_seconds", "Time to first token", FIRST_TOKEN_SECONDS);
    private final Histogram interToken =
            histogram("vllm:inter_token_latency_seconds", "Time between two tokens", TOKEN_SECONDS);
    private final Histogram perOutputToken = histogram(
            "vllm:request_time_per_output_token_seconds", "Mean time per output token after the first", TOKEN_SECONDS);
    private final Histogram endToEnd = histogram("vllm:e2e_request_latency_seconds", "Arrival to end", REQUEST_SECONDS);
    private final Histogram queue =
            histogram("vllm:request_queue_time_seconds", "Arrival to first computation", REQUEST_SECONDS);
    private final Histogram promptTokens =
            histogram("vllm:request_prompt_tokens", "Prompt tokens of a request", TOKENS);
    private final Histogram generationTokens =
            histogram("vllm:request_generation_tokens", "Generated tokens of a request", TOKENS);
    private final Counter finished = Counter.builder()
            .name("vllm:request_success")
            .help("Finished choices")
            .labelNames(MODEL, "finished_reason")
            .register(registry);
    private final Counter requests = Counter.builder()
            .name("redoubt_http_requests")
            .help("HTTP requests")
            .labelNames("route", "status")
            .register(registry);
    private final Histogram requestSeconds = Histogram.builder()
            .name("redoubt_http_request_seconds")
            .help("HTTP requests, head to end of reply")
            .labelNames("route")
            .classicOnly()
            .classicUpperBounds(FIRST_TOKEN_SECONDS)
            .register(registry);

    private final Counter promptFindings = Counter.builder()
            .name("redoubt_prompt_screen_findings")
            .help("Patterns of the prompt screen that were found in a request")
            .labelNames("pattern", "mode")
            .register(registry);

    EdgeMetrics(ServedModels models) {
        this.models = models;
        gauge("vllm:num_requests_running", "Requests in a step", ModelStats::requestsRunning);
        gauge("vllm:num_requests_waiting", "Requests that wait", ModelStats::requestsWaiting);
        gauge("vllm:kv_cache_usage_perc", "Used part of the KV cache, 0 to 1", EdgeMetrics::kvUsage);
        gauge("redoubt_kv_blocks", "KV blocks in the pool", ModelStats::kvBlocksTotal);
        counter(
                "vllm:prefix_cache_queries",
                "Prompt tokens looked up in the prefix cache",
                ModelStats::prefixCacheQueries);
        counter("vllm:prefix_cache_hits", "Prompt tokens found in the prefix cache", ModelStats::prefixCacheHits);
        counter("vllm:num_preemptions", "Preempted sequences", ModelStats::preemptions);
        counter("vllm:prompt_tokens", "Prompt tokens", ModelStats::promptTokens);
        counter(
                "vllm:prompt_tokens_cached",
                "Prompt tokens taken from the prefix cache",
                ModelStats::promptTokensCached);
        counter("vllm:generation_tokens", "Generated tokens", ModelStats::generationTokens);
        counter("vllm:spec_decode_num_drafts", "Times that tokens were guessed", ModelStats::drafts);
        counter("vllm:spec_decode_num_draft_tokens", "Guessed tokens", ModelStats::draftedTokens);
        counter("vllm:spec_decode_num_accepted_tokens", "Guessed tokens that were right", ModelStats::acceptedTokens);
        counter(
                "redoubt_canary_readings",
                "Times that the model read its reference text as it should",
                ModelStats::canaryReadings);
        counter(
                "redoubt_canary_failures",
                "Times that it did not: it answers nobody since",
                ModelStats::canaryFailures);
        counter("redoubt_engine_steps", "Steps of the engine", ModelStats::steps);
        counter("redoubt_engine_step_seconds", "Time in steps", stats -> stats.stepNanos() / 1e9);
        counter(
                "redoubt_engine_forward_seconds",
                "Time in forward passes and choices of tokens, a part of the steps'",
                stats -> stats.forwardNanos() / 1e9);
    }

    void httpRequest(String route, int status, double seconds) {
        requests.labelValues(route, Integer.toString(status)).inc();
        requestSeconds.labelValues(route).observe(seconds);
    }

    /// @param pattern its id, never a text
    void promptFinding(String pattern, ScreenMode mode) {
        promptFindings
                .labelValues(pattern, mode.name().toLowerCase(Locale.ROOT))
                .inc();
    }

    void choiceFinished(String model, FinishReason reason) {
        String label = switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case CANCELLED -> "abort";
            case DEADLINE -> "deadline";
            case ERROR -> "error";
        };
        finished.labelValues(model, label).inc();
    }

    void tokenAfter(String model, double seconds) {
        interToken.labelValues(model).observe(seconds);
    }

    /// What generates nothing has no more to tell.
    void embeddingEnded(String model, Usage usage) {
        endToEnd.labelValues(model).observe(usage.totalNanos() / 1e9);
        queue.labelValues(model).observe(usage.queueNanos() / 1e9);
        promptTokens.labelValues(model).observe(usage.promptTokens());
    }

    void generationEnded(String model, Usage usage) {
        embeddingEnded(model, usage);
        generationTokens.labelValues(model).observe(usage.completionTokens());
        if (usage.firstTokenNanos() == 0) return;
        firstToken.labelValues(model).observe(usage.firstTokenNanos() / 1e9);
        if (usage.completionTokens() > 1)
            perOutputToken
                    .labelValues(model)
                    .observe((usage.totalNanos() - usage.firstTokenNanos()) / 1e9 / (usage.completionTokens() - 1));
    }

    /// The text format of Prometheus.
    String scrape() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a byte array does not fail
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static double kvUsage(ModelStats stats) {
        return stats.kvBlocksTotal() == 0 ? 0 : (double) stats.kvBlocksUsed() / stats.kvBlocksTotal();
    }

    private void gauge(String name, String help, ToDoubleFunction<ModelStats> reading) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(MODEL)
                .callback(callback -> {
                    for (ServedModel one : models.engines())
                        callback.call(reading.applyAsDouble(one.model().stats()), one.label());
                })
                .register(registry);
    }

    private void counter(String name, String help, ToDoubleFunction<ModelStats> reading) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(MODEL)
                .callback(callback -> {
                    for (ServedModel one : models.engines())
                        callback.call(reading.applyAsDouble(one.model().stats()), one.label());
                })
                .register(registry);
    }

    private Histogram histogram(String name, String help, double[] upperBounds) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .labelNames(MODEL)
                .classicOnly()
                .classicUpperBounds(upperBounds)
                .register(registry);
    }
}
