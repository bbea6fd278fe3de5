package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.policy.Scope;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The API description (OpenAPI 3.1), made from the routes and the field tables that requests are dispatched
/// and decoded by: it cannot say anything else than what is checked.
final class OpenApi {
    private OpenApi() {}

    /// @param self the path it is served under
    static String describe(List<Route> routes, String self) {
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("openapi", "3.1.0");
        root.putObject("info").put("title", "Redoubt").put("version", "1");
        ObjectNode paths = root.putObject("paths");
        for (Route route : routes) describe(paths.putObject(route.path()), route);
        ObjectNode own = paths.putObject(self).putObject("get");
        own.put("summary", "this description");
        secure(own, Scope.INFERENCE);
        own.putObject("responses").putObject("200").put("description", "OpenAPI 3.1");
        ObjectNode components = root.putObject("components");
        ObjectNode schemes = components.putObject("securitySchemes");
        schemes.putObject("bearer").put("type", "http").put("scheme", "bearer");
        schemes.putObject("header").put("type", "apiKey").put("in", "header").put("name", "X-API-Key");
        components.putObject("schemas").set("Error", error());
        return root.toString();
    }

    private static void describe(ObjectNode path, Route route) {
        Handling handling = route.handling();
        ObjectNode operation =
                path.putObject(handling.method().toLowerCase(Locale.ROOT)).put("summary", route.about());
        switch (route.access()) {
            case Access.Open() -> operation.putArray("security");
            case Access.Needs(Scope scope, Access.Metering metering) -> secure(operation, scope);
        }
        if (route.path().endsWith("/{id}"))
            operation
                    .putArray("parameters")
                    .addObject()
                    .put("name", "id")
                    .put("in", "path")
                    .put("required", true)
                    .set("schema", JsonNodeFactory.instance.objectNode().put("type", "string"));
        ObjectNode responses = operation.putObject("responses");
        responses.putObject("200").put("description", "the answer");
        switch (handling) {
            case Handling.Probe probe -> {}
            case Handling.Get get -> refusal(responses);
            case Handling.Post post -> {
                ObjectNode body = operation.putObject("requestBody").put("required", true);
                body.putObject("content")
                        .putObject("application/json")
                        .set("schema", post.body().schema());
                refusal(responses);
            }
            case Handling.Call call -> refusal(responses);
        }
    }

    private static void refusal(ObjectNode responses) {
        ObjectNode refusal = responses.putObject("default").put("description", "a refusal or failure");
        refusal.putObject("content")
                .putObject("application/json")
                .putObject("schema")
                .put("$ref", "#/components/schemas/Error");
    }

    private static void secure(ObjectNode operation, Scope scope) {
        operation.put("x-scope", scope.wire());
        ArrayNode security = operation.putArray("security");
        security.addObject().putArray("bearer");
        security.addObject().putArray("header");
    }

    private static ObjectNode error() {
        ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        ObjectNode error = schema.putObject("properties").putObject("error").put("type", "object");
        ObjectNode properties = error.putObject("properties");
        for (String name : List.of("message", "type"))
            properties.putObject(name).put("type", "string");
        properties.putObject("param").putArray("type").add("string").add("null");
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
