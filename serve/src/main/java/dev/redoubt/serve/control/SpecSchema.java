package dev.redoubt.serve.control;

import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What [SpecJson] reads, as JSON Schema: made of what it writes, of which every field must be there and no other,
/// but for `timeouts.call` and `timeouts.drain`.
public final class SpecSchema {
    private SpecSchema() {}

    /// A new node.
    public static ObjectNode ofApplication() {
        ObjectNode fixed = of(sample(new Scale.Fixed(1)));
        ObjectNode automatic = of(sample(new Scale.Automatic(Autoscaling.DEFAULT)));
        ObjectNode deployment = deployment(fixed);
        ObjectNode either = JsonNodeFactory.instance.objectNode();
        either.putArray("anyOf").add(scale(fixed)).add(scale(automatic));
        ((ObjectNode) deployment.path("properties")).set("scale", either);
        ObjectNode timeouts = (ObjectNode) deployment.at("/properties/timeouts");
        timeouts.putArray("required").add("start"); // a call's may be left to the deploy, and drain follows it
        return fixed;
    }

    private static ObjectNode deployment(ObjectNode application) {
        return (ObjectNode) application.at("/properties/deployments/items");
    }

    private static JsonNode scale(ObjectNode application) {
        return deployment(application).at("/properties/scale").deepCopy();
    }

    private static JsonNode sample(Scale scale) {
        DeploymentSpec deployment = new DeploymentSpec(
                "name",
                new RuntimeSpec("kind", Map.of()),
                Isolation.PROCESS,
                ApplicationSpec.DEFAULT_QUOTA,
                1,
                1,
                scale,
                HealthCheck.DEFAULT,
                new Timeouts(Timeouts.CALL_MAX, Timeouts.DEFAULT.start(), Timeouts.CALL_MAX),
                DeploymentSpec.NO_USER_CONFIG);
        return JsonMapper.shared()
                .readTree(SpecJson.write(
                        new ApplicationSpec("name", "name", ApplicationSpec.DEFAULT_QUOTA, List.of(deployment))));
    }

    /// An object without a field is one of the caller's own names: the settings of a runtime.
    private static ObjectNode of(JsonNode sample) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        switch (sample.getNodeType()) {
            case OBJECT -> {
                schema.put("type", "object");
                if (sample.isEmpty()) {
                    schema.putObject("additionalProperties").put("type", "string");
                    return schema;
                }
                ObjectNode properties = schema.putObject("properties");
                ArrayNode required = schema.putArray("required");
                for (Map.Entry<String, JsonNode> field : sample.properties()) {
                    properties.set(field.getKey(), of(field.getValue()));
                    required.add(field.getKey());
                }
                schema.put("additionalProperties", false);
            }
            case ARRAY -> schema.put("type", "array").set("items", of(sample.get(0)));
            case NUMBER -> schema.put("type", sample.isIntegralNumber() ? "integer" : "number");
            default -> schema.put("type", "string");
        }
        return schema;
    }
}
