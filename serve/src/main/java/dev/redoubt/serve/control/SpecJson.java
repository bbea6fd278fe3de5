package dev.redoubt.serve.control;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Specs as JSON, both ways: every field is written, and each must be there, and no other, when it is read; but for
/// `timeouts.call`, which may be left to the deploy, and `timeouts.drain`, which is as long where it is absent.
/// Durations are ISO 8601, such as `PT30S`.
public final class SpecJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final StrictJson JSON = new StrictJson(new JsonLimits(1 << 20, 16, 50_000, 1 << 18, 256, 64));
    private static final StrictJson USER_CONFIG = new StrictJson(new JsonLimits(1 << 18, 10, 20_000, 1 << 18, 256, 64));

    private SpecJson() {}

    /// @throws RuntimeRefusal if it is no JSON object
    static JsonNode userConfig(String text) throws RuntimeRefusal {
        try {
            JsonNode node = USER_CONFIG.parse(text.getBytes(StandardCharsets.UTF_8));
            if (!node.isObject()) throw new RuntimeRefusal("userConfig is no JSON object: write {…}");
            return node;
        } catch (JsonRefusal e) {
            throw new RuntimeRefusal("userConfig is not valid JSON: " + e.problem(), e);
        }
    }

    public static String write(ApplicationSpec spec) {
        ObjectNode node = NODES.objectNode();
        node.put("name", spec.name());
        node.put("ingress", spec.ingress());
        node.set("quota", resources(spec.quota()));
        ArrayNode deployments = node.putArray("deployments");
        for (DeploymentSpec deployment : spec.deployments()) deployments.add(deployment(deployment));
        return JsonBody.text(node);
    }

    private static ObjectNode deployment(DeploymentSpec spec) {
        ObjectNode node = NODES.objectNode();
        node.put("name", spec.name());
        ObjectNode runtime = node.putObject("runtime");
        runtime.put("kind", spec.runtime().kind());
        ObjectNode settings = runtime.putObject("settings");
        new TreeMap<>(spec.runtime().settings()).forEach(settings::put);
        node.put("isolation", spec.isolation().name());
        node.set("each", resources(spec.each()));
        node.put("ongoingMax", spec.ongoingMax());
        node.put("queuedMax", spec.queuedMax());
        node.set("scale", scale(spec.scale()));
        ObjectNode health = node.putObject("health");
        health.put("period", spec.health().period().toString());
        health.put("timeout", spec.health().timeout().toString());
        health.put("missesMax", spec.health().missesMax());
        ObjectNode timeouts = node.putObject("timeouts");
        spec.timeouts().stated().ifPresent(call -> timeouts.put("call", call.toString()));
        timeouts.put("start", spec.timeouts().start().toString());
        spec.timeouts().drainStated().ifPresent(drain -> timeouts.put("drain", drain.toString()));
        node.put("userConfig", spec.userConfig());
        return node;
    }

    private static ObjectNode resources(Resources resources) {
        ObjectNode node = NODES.objectNode();
        node.put("cpus", resources.cpus());
        node.put("memoryBytes", resources.memoryBytes());
        node.put("gpuShare", resources.gpuShare());
        return node;
    }

    private static ObjectNode scale(Scale scale) {
        ObjectNode node = NODES.objectNode();
        switch (scale) {
            case Scale.Fixed(int replicas) -> node.put("replicas", replicas);
            case Scale.Automatic(Autoscaling rules) -> {
                node.put("replicasMin", rules.replicasMin());
                node.put("replicasMax", rules.replicasMax());
                node.put("replicasInitial", rules.replicasInitial());
                node.put("targetOngoing", rules.targetOngoing());
                node.put("upscaleDelay", rules.upscaleDelay().toString());
                node.put("downscaleDelay", rules.downscaleDelay().toString());
                node.put("downscaleToZeroDelay", rules.downscaleToZeroDelay().toString());
                node.put("lookBack", rules.lookBack().toString());
                node.put("upscalingFactor", rules.upscalingFactor());
                node.put("downscalingFactor", rules.downscalingFactor());
            }
        }
        return node;
    }

    /// @throws IllegalArgumentException if the text is no such JSON, or its values make no spec; the message
    ///     says where
    public static ApplicationSpec read(String text) {
        JsonNode root;
        try {
            root = JSON.parse(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonRefusal e) {
            throw new IllegalArgumentException("spec is not valid JSON: " + e.problem(), e);
        }
        try {
            return read(root);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("a duration or a size is beyond what can be counted", e);
        }
    }

    private static ApplicationSpec read(JsonNode root) {
        Fields fields = new Fields("", root);
        List<DeploymentSpec> deployments = new ArrayList<>();
        JsonNode list = fields.array("deployments");
        for (int i = 0; i < list.size(); i++)
            deployments.add(deployment(new Fields("deployments[" + i + "]", list.get(i))));
        ApplicationSpec spec = new ApplicationSpec(
                fields.text("name"), fields.text("ingress"), resources(fields.object("quota")), deployments);
        fields.end();
        return spec;
    }

    private static DeploymentSpec deployment(Fields fields) {
        DeploymentSpec spec = new DeploymentSpec(
                fields.text("name"),
                runtime(fields.object("runtime")),
                isolation(fields.text("isolation")),
                resources(fields.object("each")),
                fields.whole("ongoingMax"),
                fields.whole("queuedMax"),
                scale(fields.object("scale")),
                health(fields.object("health")),
                timeouts(fields.object("timeouts")),
                fields.text("userConfig"));
        fields.end();
        return spec;
    }

    private static RuntimeSpec runtime(Fields fields) {
        Map<String, String> settings = new TreeMap<>();
        Fields given = fields.object("settings");
        for (String name : given.names()) settings.put(name, given.text(name));
        RuntimeSpec spec = new RuntimeSpec(fields.text("kind"), settings);
        fields.end();
        return spec;
    }

    private static Isolation isolation(String name) {
        for (Isolation one : Isolation.values()) if (one.name().equals(name)) return one;
        throw new IllegalArgumentException("isolation is '" + name + "': one of " + List.of(Isolation.values()));
    }

    private static Resources resources(Fields fields) {
        Resources resources =
                new Resources(fields.number("cpus"), fields.wholeLong("memoryBytes"), fields.number("gpuShare"));
        fields.end();
        return resources;
    }

    private static Scale scale(Fields fields) {
        Scale scale = fields.has("replicas")
                ? new Scale.Fixed(fields.whole("replicas"))
                : new Scale.Automatic(new Autoscaling(
                        fields.whole("replicasMin"),
                        fields.whole("replicasMax"),
                        fields.whole("replicasInitial"),
                        fields.number("targetOngoing"),
                        fields.duration("upscaleDelay"),
                        fields.duration("downscaleDelay"),
                        fields.duration("downscaleToZeroDelay"),
                        fields.duration("lookBack"),
                        fields.number("upscalingFactor"),
                        fields.number("downscalingFactor")));
        fields.end();
        return scale;
    }

    private static HealthCheck health(Fields fields) {
        HealthCheck health =
                new HealthCheck(fields.duration("period"), fields.duration("timeout"), fields.whole("missesMax"));
        fields.end();
        return health;
    }

    private static Timeouts timeouts(Fields fields) {
        Timeouts timeouts =
                new Timeouts(fields.durationIfGiven("call"), fields.duration("start"), fields.durationIfGiven("drain"));
        fields.end();
        return timeouts;
    }

    /// The fields of one object; each is taken once, and at the end none may be left.
    private static final class Fields {
        private final String at;
        private final Map<String, JsonNode> left = new TreeMap<>();

        Fields(String at, JsonNode node) {
            this.at = at;
            if (!node.isObject()) throw wrong("", "an object");
            node.properties().forEach(field -> left.put(field.getKey(), field.getValue()));
        }

        boolean has(String name) {
            return left.containsKey(name);
        }

        List<String> names() {
            return List.copyOf(left.keySet());
        }

        Fields object(String name) {
            return new Fields(path(name), take(name));
        }

        JsonNode array(String name) {
            JsonNode node = take(name);
            if (!node.isArray()) throw wrong(name, "an array");
            return node;
        }

        String text(String name) {
            JsonNode node = take(name);
            if (!node.isString()) throw wrong(name, "a string");
            return node.stringValue();
        }

        double number(String name) {
            JsonNode node = take(name);
            if (!node.isNumber()) throw wrong(name, "a number");
            return node.doubleValue();
        }

        int whole(String name) {
            JsonNode node = take(name);
            if (!node.isInt()) throw wrong(name, "a whole number");
            return node.intValue();
        }

        long wholeLong(String name) {
            JsonNode node = take(name);
            if (!node.isIntegralNumber() || !node.canConvertToLong()) throw wrong(name, "a whole number");
            return node.longValue();
        }

        Optional<Duration> durationIfGiven(String name) {
            return has(name) ? Optional.of(duration(name)) : Optional.empty();
        }

        Duration duration(String name) {
            String text = text(name);
            try {
                return Duration.parse(text);
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException("'" + path(name) + "' must be a duration such as PT30S", e);
            }
        }

        void end() {
            if (!left.isEmpty())
                throw new IllegalArgumentException(
                        "unknown field '" + path(left.keySet().iterator().next()) + "': remove it");
        }

        private JsonNode take(String name) {
            JsonNode node = left.remove(name);
            if (node == null) throw new IllegalArgumentException("'" + path(name) + "' is missing");
            return node;
        }

        private String path(String name) {
            return at.isEmpty() ? name : name.isEmpty() ? at : at + "." + name;
        }

        private IllegalArgumentException wrong(String name, String what) {
            return new IllegalArgumentException("'" + path(name) + "' must be " + what);
        }
    }
}
