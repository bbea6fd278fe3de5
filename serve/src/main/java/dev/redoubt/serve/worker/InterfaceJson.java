package dev.redoubt.serve.worker;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.Route;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaJson;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a deployment takes, gives and calls, as its worker says it: the server never loads a class of it.
final class InterfaceJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int CALLS_MAX = 64;

    private InterfaceJson() {}

    static byte[] write(Interface described) {
        ArrayNode calls = NODES.arrayNode();
        for (Interface.Edge edge : described.calls()) {
            ObjectNode one = both(edge.input(), edge.output());
            one.put("target", edge.target());
            calls.add(one);
        }
        ObjectNode all = both(described.input(), described.output());
        all.put("streams", described.streams());
        all.set("calls", calls);
        ArrayNode routes = NODES.arrayNode();
        for (RoutePattern route : described.routes())
            routes.add(NODES.objectNode().put("method", route.method().name()).put("path", route.path()));
        all.set("routes", routes);
        return JsonBody.write(all);
    }

    private static ObjectNode both(Schema input, Schema output) {
        ObjectNode node = NODES.objectNode();
        node.set("input", SchemaJson.write(input));
        node.set("output", SchemaJson.write(output));
        return node;
    }

    /// @throws BadFrame unless it is what [#write] writes
    static Interface read(byte[] text) throws BadFrame {
        try {
            JsonNode all = new StrictJson(SchemaJson.LIMITS).parse(text);
            JsonNode streams = all.path("streams");
            JsonNode calls = all.path("calls");
            if (!streams.isBoolean() || !calls.isArray() || calls.size() > CALLS_MAX || all.size() != 5)
                throw new BadFrame("an interface with other fields");
            List<Interface.Edge> edges = new ArrayList<>();
            for (JsonNode one : calls) {
                if (!one.path("target").isString() || one.size() != 3) throw new BadFrame("an edge with other fields");
                edges.add(new Interface.Edge(
                        one.path("target").stringValue(), schema(one, "input"), schema(one, "output")));
            }
            return new Interface(
                    schema(all, "input"),
                    schema(all, "output"),
                    streams.booleanValue(),
                    edges,
                    routes(all.path("routes")));
        } catch (JsonRefusal | IllegalArgumentException refused) {
            throw new BadFrame(
                    "an interface that is none: " + refused.getClass().getSimpleName());
        }
    }

    private static List<RoutePattern> routes(JsonNode array) throws BadFrame {
        if (!array.isArray() || array.size() > RoutePattern.ROUTES_MAX) throw new BadFrame("routes that are none");
        List<RoutePattern> routes = new ArrayList<>();
        for (JsonNode one : array) {
            boolean plain = one.size() == 2
                    && one.path("method").isString()
                    && one.path("path").isString();
            if (!plain) throw new BadFrame("a route with other fields");
            routes.add(RoutePattern.of(
                    Route.Method.valueOf(one.path("method").stringValue()),
                    one.path("path").stringValue()));
        }
        return routes;
    }

    private static Schema schema(JsonNode node, String name) {
        return SchemaJson.read(node.path(name));
    }
}
