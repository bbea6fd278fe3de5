package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Access.Needs;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.Route.Handling.Get;
import dev.redoubt.gateway.Route.Handling.Post;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldValues;
import dev.redoubt.gateway.openai.JsonWriter;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.serve.control.Journal;
import dev.redoubt.serve.control.Outcome;
import dev.redoubt.serve.control.Plan;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.SpecJson;
import dev.redoubt.serve.control.SpecSchema;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Names;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Applications for the operator: what is wanted, and how it stands.
final class ApplicationAdmin {
    private static final String JSON = "application/json";
    private static final String PREFIX = "/admin/v1/applications";
    private static final int NAME_LENGTH_MAX = 63;
    private static final int REPLICAS_MAX = 100;

    private final EdgeServices services;
    private final Platform platform;
    private final Field<String> application =
            Field.required("application", FieldType.text(1, NAME_LENGTH_MAX), "one that is deployed");
    private final Field<String> deployment =
            Field.required("deployment", FieldType.text(1, NAME_LENGTH_MAX), "one of its deployments");
    private final Field<Integer> replicas =
            Field.required("replicas", FieldType.integer(0, REPLICAS_MAX), "how many there shall be");

    ApplicationAdmin(EdgeServices services, Platform platform) {
        this.services = services;
        this.platform = platform;
    }

    List<Route> routes() {
        Access reading = new Needs(Scope.ADMIN_READ, Metering.READ);
        Access writing = new Needs(Scope.ADMIN_WRITE, Metering.READ);
        FieldTable named = new FieldTable(List.of(application), Set.of());
        FieldTable scaled = new FieldTable(List.of(application, deployment, replicas), Set.of());
        return List.of(
                new Route(
                        reading,
                        PREFIX,
                        new Get((exchange, none) -> exchange.reply(200, JSON, StatusJson.write(platform))),
                        "every application with its deployments and replicas"),
                new Route(
                        reading,
                        PREFIX + "/{id}/logs",
                        new Get(this::log),
                        "what has happened to an application lately, the oldest first"),
                new Route(reading, PREFIX + "/plan", specified(this::plan), "what a deploy would change, and say"),
                new Route(writing, PREFIX + "/deploy", specified(this::deploy), "deploys or updates an application"),
                new Route(
                        writing,
                        PREFIX + "/delete",
                        new Post(
                                named,
                                (exchange, body) -> change(
                                        exchange,
                                        AuditKind.APPLICATION_DELETE,
                                        body.get(application),
                                        () -> platform.delete(body.get(application)))),
                        "drains and removes an application"),
                new Route(
                        writing,
                        PREFIX + "/rollback",
                        new Post(
                                named,
                                (exchange, body) -> change(
                                        exchange,
                                        AuditKind.APPLICATION_ROLLBACK,
                                        body.get(application),
                                        () -> platform.rollback(body.get(application)))),
                        "goes back to the version before"),
                new Route(
                        writing,
                        PREFIX + "/scale",
                        new Post(scaled, this::scale),
                        "changes how many replicas a deployment has"));
    }

    /// A body that is an application's spec.
    private Handling specified(SpecHandler handler) {
        Set<BodyType> taken = Set.of(BodyType.JSON);
        return new Handling.Call("POST", taken, Optional.of(SpecSchema.ofApplication()), (exchange, type, body) -> {
            ApplicationSpec spec = spec(body);
            services.workers().run(exchange, () -> handler.handle(exchange, spec));
        });
    }

    private interface SpecHandler {
        void handle(Exchange exchange, ApplicationSpec spec);
    }

    private static ApplicationSpec spec(byte[] body) {
        try {
            return SpecJson.read(new String(body, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw ServeException.of(ErrorCode.SPEC_REFUSED, String.valueOf(e.getMessage()));
        }
    }

    /// One that was deleted has a log for a while.
    private void log(Exchange exchange, String name) {
        List<Journal.Entry> entries = platform.journal().of(name);
        if (entries.isEmpty() && !platform.wants(name)) {
            reply(exchange, new Outcome.Refused(List.of("there is no application '%s'".formatted(name))));
            return;
        }
        JsonWriter json = new JsonWriter().beginObject().name("entries").beginArray();
        for (Journal.Entry entry : entries) {
            json.beginObject().name("number").value(entry.number());
            json.name("at").value(entry.at().toString());
            json.name("deployment").value(entry.deployment());
            json.name("subject").value(entry.subject());
            json.name("text").value(entry.text()).endObject();
        }
        exchange.reply(200, JSON, json.endArray().endObject().toString());
    }

    /// Who is told of problems here deploys nothing: that is the refusal, and it is written down as one.
    private void plan(Exchange exchange, ApplicationSpec spec) {
        Plan plan = platform.plan(spec);
        List<String> problems = problems(spec, plan.problems());
        if (!problems.isEmpty())
            services.audit().note(refused(event(exchange, AuditKind.APPLICATION_DEPLOY, spec.name()), problems));
        JsonWriter json = new JsonWriter().beginObject();
        texts(json.name("changes"), plan.changes());
        texts(json.name("problems"), problems);
        exchange.reply(200, JSON, json.endObject().toString());
    }

    private void deploy(Exchange exchange, ApplicationSpec spec) {
        List<String> reserved = problems(spec, List.of());
        change(
                exchange,
                AuditKind.APPLICATION_DEPLOY,
                spec.name(),
                () -> reserved.isEmpty() ? platform.deploy(spec) : new Outcome.Refused(reserved));
    }

    /// A name that the edge itself answers to would never be reached.
    private static List<String> problems(ApplicationSpec spec, List<String> others) {
        if (!Names.RESERVED.contains(spec.name())) return others;
        List<String> all = new java.util.ArrayList<>(others);
        all.add("R4.1: '" + spec.name() + "' is a path of the server: call the application something else");
        return all;
    }

    private void scale(Exchange exchange, FieldValues body) {
        String name = body.get(application);
        change(
                exchange,
                AuditKind.APPLICATION_SCALE,
                name,
                () -> platform.scale(name, body.get(deployment), body.get(replicas)));
    }

    private void change(Exchange exchange, AuditKind kind, String name, Supplier<Outcome> action) {
        services.workers().run(exchange, () -> reply(exchange, carriedOut(exchange, kind, name, action)));
    }

    private Outcome carriedOut(Exchange exchange, AuditKind kind, String name, Supplier<Outcome> action) {
        return services.audit()
                .carryOut(event(exchange, kind, name), action::get, (event, outcome) -> switch (outcome) {
                    case Outcome.Accepted(long version) -> event.with("done, version " + version);
                    case Outcome.Refused(List<String> problems) -> refused(event, problems);
                });
    }

    private static AuditEvent event(Exchange exchange, AuditKind kind, String name) {
        return AuditEvent.of(
                kind, exchange.principal().keyId(), exchange.principal().application(), name);
    }

    /// By the first requirement that a problem names, or the one that all changes are checked for.
    private static AuditEvent refused(AuditEvent event, List<String> problems) {
        return problems.stream()
                .flatMap(problem -> Requirement.named(problem).stream())
                .findFirst()
                .map(event::refusedBy)
                .orElseGet(() -> event.refusedBy(ErrorCode.DEPLOY_REFUSED.requirement()))
                .with("refused, problems: " + problems.size());
    }

    private static void reply(Exchange exchange, Outcome outcome) {
        switch (outcome) {
            case Outcome.Accepted(long version) ->
                exchange.reply(
                        200,
                        JSON,
                        new JsonWriter()
                                .beginObject()
                                .name("version")
                                .value(version)
                                .endObject()
                                .toString());
            case Outcome.Refused(List<String> problems) -> {
                ServeException refusal = ServeException.of(ErrorCode.DEPLOY_REFUSED, problems.size());
                JsonWriter json = ErrorFormat.problem(refusal);
                texts(json.name("problems"), problems);
                exchange.reply(
                        refusal.code().status(),
                        ErrorFormat.PROBLEM.contentType(),
                        json.endObject().toString());
            }
        }
    }

    private static void texts(JsonWriter json, List<String> texts) {
        json.beginArray();
        texts.forEach(json::value);
        json.endArray();
    }
}
