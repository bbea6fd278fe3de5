package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.schema.JsonBody;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The API description (OpenAPI 3.1) of a listener, made from the routes and the field tables that requests are
/// dispatched and decoded by: it cannot say anything else than what is checked.
final class OpenApi {
    private OpenApi() {}

    /// The same, written when it is first asked for: a start has no time for what most never read.
    static Supplier<String> later(List<Route> routes, String self, Scope reader, ErrorFormat errors) {
        List<Route> all = List.copyOf(routes);
        AtomicReference<@Nullable String> text = new AtomicReference<>();
        return () -> {
            String known = text.get();
            if (known != null) return known;
            String written = describe(all, self, reader, errors); // twice the same, if two ask at once
            text.set(written);
            return written;
        };
    }

    /// @param self the path it is served under
    /// @param reader who may read it
    private static String describe(List<Route> routes, String self, Scope reader, ErrorFormat errors) {
        ObjectNode root = document("Redoubt", errors);
        ObjectNode paths = root.putObject("paths");
        for (Route route : routes) describe(paths.putObject(route.path()), route, errors);
        ObjectNode own = paths.putObject(self).putObject("get");
        own.put("summary", "this description");
        secure(own, reader);
        own.putObject("responses").putObject("200").put("description", "OpenAPI 3.1");
        return JsonBody.text(root);
    }

    /// Without paths: how to authenticate, and what an error is like.
    static ObjectNode document(String title, ErrorFormat errors) {
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("openapi", "3.1.0");
        root.putObject("info").put("title", title).put("version", "1");
        ObjectNode components = root.putObject("components");
        ObjectNode schemes = components.putObject("securitySchemes");
        schemes.putObject("bearer").put("type", "http").put("scheme", "bearer");
        schemes.putObject("header").put("type", "apiKey").put("in", "header").put("name", "X-API-Key");
        components.putObject("schemas").set("Error", error(errors));
        return root;
    }

    private static void describe(ObjectNode path, Route route, ErrorFormat errors) {
        Handling handling = route.handling();
        ObjectNode operation =
                path.putObject(handling.method().toLowerCase(Locale.ROOT)).put("summary", route.about());
        switch (route.access()) {
            case Access.Open() -> operation.putArray("security");
            case Access.Needs(Scope scope, Access.Metering metering) -> secure(operation, scope);
        }
        if (route.path().contains(RouteTable.PARAMETER))
            parameter(operation.putArray("parameters"), "path", "id", true)
                    .set("schema", JsonNodeFactory.instance.objectNode().put("type", "string"));
        ObjectNode responses = operation.putObject("responses");
        responses.putObject("200").put("description", "the answer");
        switch (handling) {
            case Handling.Probe probe -> {}
            case Handling.Post post -> body(operation, post.body().schema());
            case Handling.Call call -> call.schema().ifPresent(schema -> body(operation, schema));
            case Handling.Get get -> {}
            case Handling.Head head -> {}
            case Handling.Socket socket -> {}
            case Handling.OtherMethod other -> throw new IllegalStateException("no route of a table");
        }
        if (!(handling instanceof Handling.Probe)) refusal(responses, errors);
    }

    private static void body(ObjectNode operation, JsonNode schema) {
        ObjectNode body = operation.putObject("requestBody").put("required", true);
        body.putObject("content").putObject("application/json").set("schema", schema);
    }

    static ObjectNode parameter(ArrayNode parameters, String in, String name, boolean required) {
        return parameters.addObject().put("name", name).put("in", in).put("required", required);
    }

    static void refusal(ObjectNode responses, ErrorFormat errors) {
        ObjectNode refusal = responses.putObject("default").put("description", "a refusal or failure");
        refusal.putObject("content")
                .putObject(errors.contentType())
                .putObject("schema")
                .put("$ref", "#/components/schemas/Error");
    }

    static void secure(ObjectNode operation, Scope scope) {
        operation.put("x-scope", scope.wire());
        ArrayNode security = operation.putArray("security");
        security.addObject().putArray("bearer");
        security.addObject().putArray("header");
    }

    private static ObjectNode error(ErrorFormat errors) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        switch (errors) {
            case OPENAI -> {
                ObjectNode error = properties.putObject("error").put("type", "object");
                properties = error.putObject("properties");
                for (String name : List.of("message", "type"))
                    properties.putObject(name).put("type", "string");
                properties.putObject("param").putArray("type").add("string").add("null");
            }
            case PROBLEM -> {
                for (String name : List.of("type", "title", "detail", "param"))
                    properties.putObject(name).put("type", "string");
                properties.putObject("status").put("type", "integer");
                properties
                        .putObject("problems")
                        .put("type", "array")
                        .putObject("items")
                        .put("type", "string");
            }
        }
        ArrayNode codes = properties.putObject("code").put("type", "string").putArray("enum");
        TreeSet<String> sorted = new TreeSet<>();
        for (ErrorCode code : ErrorCode.values()) sorted.add(code.wire());
        sorted.forEach(codes::add);
        properties
                .putObject("rule")
                .put("type", "string")
                .put("description", "the requirement that refuses, such as R1.4");
        properties
                .putObject("error_id")
                .put("type", "string")
                .put("description", "only where the fault is the server's");
        return schema;
    }
}
