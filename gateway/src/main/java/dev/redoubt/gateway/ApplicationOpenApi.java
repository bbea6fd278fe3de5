package dev.redoubt.gateway;

import dev.redoubt.policy.Scope;
import dev.redoubt.serve.Route.Method;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.JsonSchema;
import dev.redoubt.serve.schema.Schema;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The API description (OpenAPI 3.1) of one application, made of what its ingress says of itself: the same schema
/// and the same routes that calls are checked by.
final class ApplicationOpenApi {
    private static final ErrorFormat ERRORS = ErrorFormat.OPENAI;
    private static final String SOCKET = "Over a WebSocket, too (GET with Upgrade): a message is an input, answered by"
            + " {\"item\": …} for each output and then {\"end\": true} or {\"error\": …}; text is JSON, binary MessagePack.";
    private static final String TENSOR = "beside " + BodyType.TENSOR.mediaType()
            + ", type and shape of the elements that are the body, such as F32 1,28,28";
    private static final String MODEL =
            "which model, where the call comes to a deployment that holds several; such a call needs it";
    private static final String STREAM =
            "items as they come, each of this schema: one event or line each; 'Accept' chooses";

    private final String application;
    private final Interface face;
    private final ObjectNode root;
    private final ObjectNode paths;

    private ApplicationOpenApi(String application, Interface face) {
        this.application = application;
        this.face = face;
        this.root = OpenApi.document(application, ERRORS);
        this.paths = root.putObject("paths");
    }

    static String describe(String application, Interface face) {
        return new ApplicationOpenApi(application, face).describe();
    }

    private String describe() {
        ObjectNode schemas = (ObjectNode) root.at("/components/schemas");
        schemas.set("Input", JsonSchema.of(face.input()));
        schemas.set("Output", JsonSchema.of(face.output()));
        ObjectNode main = operation("/" + application, Method.POST);
        main.put("summary", "calls the application").put("description", SOCKET);
        if (BodyType.taken(face.input()).contains(BodyType.TENSOR))
            header(main, Decoding.TENSOR_HEADER, TENSOR).put("type", "string");
        model(main);
        body(main, face.input(), reference("Input"));
        for (RoutePattern route : face.routes()) describe(route);
        return root.toString();
    }

    private ObjectNode operation(String path, Method method) {
        ObjectNode operation =
                paths.withObjectProperty(path).putObject(method.name().toLowerCase(Locale.ROOT));
        OpenApi.secure(operation, Scope.INFERENCE);
        ObjectNode responses = operation.putObject("responses");
        ObjectNode answer = responses.putObject("200").put("description", face.streams() ? STREAM : "the output");
        ObjectNode content = answer.putObject("content");
        ObjectNode json = reference("Output");
        if (face.streams())
            for (String type : List.of("text/event-stream", HttpReply.LINES_TYPE))
                content.putObject(type).set("schema", json);
        else content(content, BodyType.given(face.output()), face.output(), json);
        OpenApi.refusal(responses, ERRORS);
        return operation;
    }

    private static ObjectNode reference(String component) {
        return JsonNodeFactory.instance.objectNode().put("$ref", "#/components/schemas/" + component);
    }

    /// @return its schema, still empty
    private static ObjectNode header(ObjectNode operation, String name, String about) {
        return OpenApi.parameter(operation.withArrayProperty("parameters"), "header", name, false)
                .put("description", about)
                .putObject("schema");
    }

    private static void model(ObjectNode operation) {
        header(operation, ApplicationCall.MODEL_HEADER, MODEL)
                .put("type", "string")
                .put("pattern", "^" + ApplicationCall.MODEL + "$");
    }

    /// @param json its schema
    private static void body(ObjectNode operation, Schema schema, ObjectNode json) {
        ObjectNode body = operation.putObject("requestBody").put("required", true);
        content(body.putObject("content"), BodyType.taken(schema), schema, json);
    }

    /// What a value is in each of these types.
    private static void content(ObjectNode content, Set<BodyType> types, Schema schema, ObjectNode json) {
        ObjectNode packed = JsonSchema.packed(schema);
        ObjectNode asPacked = packed.equals(JsonSchema.of(schema)) ? json : packed;
        for (BodyType type : types)
            content.putObject(type.mediaType())
                    .set(
                            "schema",
                            switch (type) {
                                case JSON -> json;
                                case MESSAGE_PACK -> asPacked;
                                case TENSOR, SAFETENSORS ->
                                    JsonNodeFactory.instance.objectNode().put("contentMediaType", type.mediaType());
                            });
    }

    private void describe(RoutePattern route) {
        String path = route.segments().isEmpty() ? "" : route.path();
        ObjectNode operation = operation("/" + application + path, route.method());
        List<Schema.Field> fields = ((Schema.Fields) face.input()).fields();
        Set<String> inPath = route.segments().stream()
                .filter(RoutePattern.Segment.Parameter.class::isInstance)
                .map(segment -> ((RoutePattern.Segment.Parameter) segment).name())
                .collect(Collectors.toUnmodifiableSet());
        ArrayNode parameters = operation.withArrayProperty("parameters");
        for (Schema.Field field : fields)
            if (inPath.contains(field.name())) parameter(parameters, "path", field, true);
            else if (!route.method().hasBody() && CallInput.inQuery(field.schema()))
                parameter(parameters, "query", field, field.required());
        model(operation);
        if (!route.method().hasBody()) return;
        Schema rest = CallInput.besidePath(face.input(), inPath);
        body(operation, rest, JsonSchema.of(rest));
    }

    private static void parameter(ArrayNode parameters, String in, Schema.Field field, boolean required) {
        OpenApi.parameter(parameters, in, field.name(), required).set("schema", JsonSchema.of(field.schema()));
    }
}
