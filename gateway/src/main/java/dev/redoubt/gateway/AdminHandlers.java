package dev.redoubt.gateway;

import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Access.Needs;
import dev.redoubt.gateway.Route.Handling.Get;
import dev.redoubt.gateway.Route.Handling.Post;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldValues;
import dev.redoubt.gateway.openai.JsonWriter;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.limit.RateLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// What the operator can ask. None of it is on the data port (V5.5).
final class AdminHandlers {
    private static final String JSON = "application/json";
    private static final String DESCRIPTION = "/admin/v1/openapi.json";
    private static final int APPLICATION_LENGTH_MAX = 63;

    private final EdgeServices services;
    private final Served served;
    private final ServedModels models;
    private final AdminOptions options;
    private final RateLimits rates;
    private final BooleanSupplier closing;
    private final long startNanos;
    private final Field<String> application = Field.required(
            "application", FieldType.text(1, APPLICATION_LENGTH_MAX), "whose cached prefixes are forgotten");

    AdminHandlers(
            EdgeServices services, Served served, AdminOptions options, RateLimits rates, BooleanSupplier closing) {
        this.services = services;
        this.served = served;
        this.models = new ServedModels(served);
        this.options = options;
        this.rates = rates;
        this.closing = closing;
        this.startNanos = services.time().nanos();
    }

    /// All routes of the admin listener.
    RouteTable routes() {
        List<Route> routes = new ArrayList<>(List.of(
                new Route(
                        new Needs(Scope.ADMIN_READ, Metering.READ),
                        "/admin/v1/status",
                        new Get((exchange, none) -> exchange.reply(200, JSON, status())),
                        "what runs, how, and within what limits"),
                new Route(
                        new Needs(Scope.ADMIN_WRITE, Metering.READ),
                        "/admin/v1/cache/clear",
                        new Post(new FieldTable(List.of(application), Set.of()), this::clearCache),
                        "forgets and zeroes the cached prefixes of an application"),
                Handlers.metrics(services)));
        served.platform().ifPresent(platform -> routes.addAll(new ApplicationAdmin(services, platform).routes()));
        Supplier<String> description = OpenApi.later(routes, DESCRIPTION, Scope.ADMIN_READ, ErrorFormat.PROBLEM);
        routes.add(new Route(
                new Needs(Scope.ADMIN_READ, Metering.READ),
                DESCRIPTION,
                new Get((exchange, none) -> exchange.reply(200, JSON, description.get())),
                "this description"));
        return new RouteTable(routes, DESCRIPTION);
    }

    private void clearCache(Exchange exchange, FieldValues body) {
        services.workers().run(exchange, () -> clearCache(exchange, body.get(application)));
    }

    private void clearCache(Exchange exchange, String name) {
        AuditEvent event = AuditEvent.of(
                AuditKind.CACHE_CLEAR,
                exchange.principal().keyId(),
                exchange.principal().application(),
                name);
        CacheClearing all = services.audit()
                .carryOut(
                        event,
                        () -> models.engines().stream()
                                .map(one -> one.model().clearCache(name))
                                .reduce(CacheClearing.NOTHING, CacheClearing::plus),
                        done -> "done, blocks zeroed: " + done.blocksZeroed());
        JsonWriter json = new JsonWriter().beginObject().name("application").value(name);
        json.name("blocks_zeroed").value(all.blocksZeroed());
        json.name("blocks_in_use").value(all.blocksInUse()).endObject();
        exchange.reply(200, JSON, json.toString());
    }

    private String status() {
        JsonWriter json = new JsonWriter().beginObject();
        json.name("version").value(options.version());
        json.name("uptime_seconds").value((services.time().nanos() - startNanos) / 1_000_000_000);
        json.name("ready")
                .value(models.ready(services.audit(), closing))
                .name("models")
                .beginArray();
        for (ServedModel model : models.all()) write(json, model);
        json.endArray().name("limits").beginObject();
        write(json, services.limits());
        write(json, rates);
        json.endObject().name("waivers").beginArray();
        for (Waiver waiver : options.waivers()) write(json, waiver);
        return json.endArray().endObject().toString();
    }

    private static void write(JsonWriter json, ServedModel served) {
        ServableModel model = served.model();
        ModelRuntime runtime = model.runtime();
        ModelStats stats = model.stats();
        json.beginObject().name("name").value(model.card().name());
        if (!served.application().isEmpty()) json.name("application").value(served.application());
        served.stage().ifPresent(stage -> json.name("deployment").value(stage));
        json.name("digest").value("sha256:" + model.card().digest());
        if (model.card().base().isPresent()) { // how it runs, and what, is told of its base
            json.name("parent").value(model.card().base().get().name());
            json.endObject();
            return;
        }
        json.name("kernels").value(runtime.kernels()).name("threads").value(runtime.threads());
        json.name("prefix_cache").value(runtime.prefixCache());
        json.name("max_model_len").value(model.card().contextTokensMax());
        json.name("kv").beginObject().name("format").value(runtime.kvFormat());
        json.name("bytes").value(runtime.kvBytes());
        json.name("memory_lock").value(runtime.kvLocked() ? "locked" : "refused");
        json.name("blocks").value(stats.kvBlocksTotal());
        json.name("blocks_used").value(stats.kvBlocksUsed()).endObject();
        json.name("requests_running").value(stats.requestsRunning());
        json.name("requests_waiting").value(stats.requestsWaiting());
        json.name("steps").value(stats.steps()).name("preemptions").value(stats.preemptions());
        json.name("prompt_tokens").value(stats.promptTokens());
        json.name("prompt_tokens_cached").value(stats.promptTokensCached());
        json.name("generation_tokens").value(stats.generationTokens()).endObject();
    }

    private static void write(JsonWriter json, RequestLimits limits) {
        json.name("request_timeout_seconds").value(limits.requestTimeout().toSeconds());
        json.name("body_bytes").value(limits.bodyBytesMax());
        json.name("prompt_code_points").value(limits.promptCodePointsMax());
        json.name("max_tokens").value(limits.maxTokensMax());
        json.name("prompts_per_request").value(limits.promptsMax());
    }

    private static void write(JsonWriter json, RateLimits rates) {
        json.name("requests_per_minute").value(rates.requestsPerMinute());
        json.name("tokens_per_minute").value(rates.tokensPerMinute());
        json.name("streams_per_key").value(rates.streamsPerKey());
        json.name("streams_per_application").value(rates.streamsPerTenant());
        json.name("streams").value(rates.ongoingMax());
    }

    private static void write(JsonWriter json, Waiver waiver) {
        json.beginObject().name("rule").value(waiver.rule().id());
        json.name("reason").value(waiver.reason());
        json.name("expires").value(waiver.expires().toString()).endObject();
    }
}
