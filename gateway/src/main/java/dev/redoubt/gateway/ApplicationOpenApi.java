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
import tools.jackson.databind.node.ObjectNode;

/// The API description (OpenAPI 3.1) of one application, made of what its ingress says of itself: the same schema
/// and the same routes that calls are checked by.
final class ApplicationOpenApi {
    private static final ErrorFormat ERRORS = ErrorFormat.OPENAI;
    private static final String SOCKET = "Over a WebSocket, too (GET with Upgrade): a message is an input, answered by"
            + " {\"item\": …} for each output and then {\"end\": true} or {\"error\": …}; text is JSON, binary MessagePack.";
    private static final String TENSOR = "beside " + BodyType.TENSOR.mediaType()
            + ", type and shape of the elements that are the body, such as F32 1,28,28";
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
            OpenApi.parameter(main.putArray("parameters"), "header", Decoding.TENSOR_HEADER, false)
                    .put("description", TENSOR)
                    .putObject("schema")
                    .put("type", "string");
        content(main.putObject("requestBody").put("required", true), face.input())
                .forEach(content -> content.put("$ref", "#/components/schemas/Input"));
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
        List<String> types = face.streams()
                ? List.of("text/event-stream", HttpReply.LINES_TYPE)
                : BodyType.given(face.output()).stream()
                        .map(BodyType::mediaType)
                        .toList();
        for (String type : types)
            content.putObject(type).putObject("schema").put("$ref", "#/components/schemas/Output");
        OpenApi.refusal(responses, ERRORS);
        return operation;
    }

    /// @return the schema of each type of body that says such a value, still empty
    private static List<ObjectNode> content(ObjectNode body, Schema schema) {
        ObjectNode content = body.putObject("content");
        return BodyType.taken(schema).stream()
                .map(type -> content.putObject(type.mediaType()).putObject("schema"))
                .toList();
    }

    private void describe(RoutePattern route) {
        String path = route.segments().isEmpty() ? "" : route.path();
        ObjectNode operation = operation("/" + application + path, route.method());
        List<Schema.Field> fields = ((Schema.Fields) face.input()).fields();
        Set<String> inPath = route.segments().stream()
                .filter(RoutePattern.Segment.Parameter.class::isInstance)
                .map(segment -> ((RoutePattern.Segment.Parameter) segment).name())
                .collect(Collectors.toUnmodifiableSet());
        ArrayNode parameters = operation.putArray("parameters");
        for (Schema.Field field : fields)
            if (inPath.contains(field.name())) parameter(parameters, "path", field, true);
            else if (!route.method().hasBody() && CallInput.inQuery(field.schema()))
                parameter(parameters, "query", field, field.required());
        if (!route.method().hasBody()) return;
        Schema rest = CallInput.besidePath(face.input(), inPath);
        content(operation.putObject("requestBody").put("required", true), rest)
                .forEach(schema -> schema.setAll(JsonSchema.of(rest)));
    }

    private static void parameter(ArrayNode parameters, String in, Schema.Field field, boolean required) {
        OpenApi.parameter(parameters, in, field.name(), required).set("schema", JsonSchema.of(field.schema()));
    }
}
