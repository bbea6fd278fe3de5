package dev.redoubt.cli;

import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// A configuration of Ray Serve as one of ours. What has no safe counterpart is said, not guessed.
final class RayServeImport {
    private static final int AUTOSCALED_ONGOING_MAX = 50; // R2.4
    private static final int RAY_ONGOING = 5; // what Ray takes where nothing is said
    private static final Set<String> TOP = Set.of("applications", "proxy_location", "http_options");
    private static final Set<String> APPLICATION = Set.of("name", "route_prefix", "import_path", "deployments");
    private static final Set<String> DEPLOYMENT = Set.of(
            "name",
            "num_replicas",
            "max_ongoing_requests",
            "max_queued_requests",
            "autoscaling_config",
            "health_check_period_s",
            "health_check_timeout_s",
            "graceful_shutdown_timeout_s",
            "ray_actor_options",
            "user_config");
    private static final Set<String> ACTOR = Set.of("num_cpus", "memory");

    private final StringBuilder yaml = new StringBuilder("applications:\n");
    private final List<String> notes = new ArrayList<>();

    private RayServeImport() {}

    /// @param yaml ours
    /// @param notes what a person must look at, a line each
    record Imported(String yaml, List<String> notes) {}

    /// @param file with `applications`
    static Imported of(JsonNode file) {
        RayServeImport reading = new RayServeImport();
        reading.unknown("", file, TOP);
        String host = file.at("/http_options/host").asString("127.0.0.1");
        if (!Loopback.is(host))
            reading.notes.add("http_options.host " + host
                    + ": beyond loopback only with http.tls (R1.2); this file leaves it on 127.0.0.1");
        for (JsonNode application : file.path("applications")) reading.application(application);
        return new Imported(reading.yaml.toString(), List.copyOf(reading.notes));
    }

    private void application(JsonNode application) {
        String given = application.path("name").asString("default");
        String name = name(given);
        if (!name.equals(given)) notes.add("application '" + given + "' is called '" + name + "' here (R4.1)");
        String route = application.path("route_prefix").asString("/" + name);
        if (!route.equals("/" + name)) notes.add(name + ": route_prefix " + route + " becomes /" + name);
        notes.add(name + ": import_path " + application.path("import_path").asString("")
                + " is Python: write the handlers in Java, and name class, jar and digest below");
        unknown(name, application, APPLICATION);
        line(2, "- name: " + name);
        JsonNode deployments = application.path("deployments");
        if (deployments.isEmpty()) {
            notes.add(name + ": lists no deployments: those of the code are not known, state them");
            return;
        }
        if (deployments.size() > 1)
            line(4, "ingress: " + deployments.get(0).path("name").asString(""));
        if (deployments.size() > 1) notes.add(name + ": the first deployment is taken for the ingress: check");
        line(4, "deployments:");
        for (JsonNode deployment : deployments) deployment(name, deployment);
    }

    /// Ray allows names that we do not.
    private static String name(String given) {
        String name =
                given.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]+", "-").replaceAll("^-+|-+$", "");
        if (name.isEmpty() || name.equals("default")) return "imported";
        return name.length() <= 63 ? name : name.substring(0, 63);
    }

    private void deployment(String application, JsonNode deployment) {
        String name = deployment.path("name").asString("unnamed");
        String at = application + "." + name;
        unknown(at, deployment, DEPLOYMENT);
        line(6, "- name: " + name);
        line(8, "java: {class: CLASS, jar: JAR, digest: \"sha256:DIGEST\"}");
        resources(at, deployment.path("ray_actor_options"));
        boolean auto = deployment.has("autoscaling_config")
                || deployment.path("num_replicas").asString("").equals("auto");
        int most = auto ? AUTOSCALED_ONGOING_MAX : DeploymentSpec.ONGOING_MAX;
        int ongoing = deployment.path("max_ongoing_requests").asInt(RAY_ONGOING);
        if (ongoing > most) notes.add(at + ": max_ongoing_requests " + ongoing + " becomes " + most + " (R1.1, R2.4)");
        line(8, "max-ongoing-requests: " + Math.min(ongoing, most));
        int queued = deployment.path("max_queued_requests").asInt(-1);
        if (queued < 0) notes.add(at + ": an unbounded queue becomes one of 100 (R1.1)");
        else line(8, "max-queued-requests: " + queued);
        if (auto) autoscaling(at, deployment.path("autoscaling_config"));
        else line(8, "replicas: " + deployment.path("num_replicas").asInt(1));
        health(deployment);
        if (deployment.has("graceful_shutdown_timeout_s"))
            line(8, "timeouts: {drain: " + seconds(deployment.path("graceful_shutdown_timeout_s")) + "}");
        JsonNode config = deployment.path("user_config");
        if (config.isObject()) line(8, "user-config: " + config);
    }

    private void resources(String at, JsonNode options) {
        unknown(at + ".ray_actor_options", options, ACTOR);
        line(8, "cpu: " + Math.max(0.01, options.path("num_cpus").asDouble(1)));
        long bytes = options.path("memory").asLong(0);
        if (bytes > 0) line(8, "memory: " + bytes);
        else {
            line(8, "memory: 512MiB");
            notes.add(at + ": states no memory: 512MiB is a guess, and a limit that is kept (R1.1)");
        }
    }

    private void autoscaling(String at, JsonNode config) {
        List<String> settings = new ArrayList<>();
        int max =
                Math.min(Autoscaling.REPLICAS_MAX, config.path("max_replicas").asInt(Autoscaling.DEFAULT_REPLICAS_MAX));
        settings.add("max-replicas: " + max);
        settings.add(
                "min-replicas: " + Math.min(max, config.path("min_replicas").asInt(1)));
        double target = config.path("target_ongoing_requests").asDouble(2);
        settings.add("target-ongoing-requests: " + Math.min(target, Autoscaling.TARGET_ONGOING));
        delay(at, config, "upscale_delay_s", "upscale-delay", Autoscaling.UPSCALE_DELAY)
                .ifPresent(settings::add);
        delay(at, config, "downscale_delay_s", "downscale-delay", Autoscaling.DOWNSCALE_DELAY_MIN)
                .ifPresent(settings::add);
        unknown(
                at + ".autoscaling_config",
                config,
                Set.of(
                        "max_replicas",
                        "min_replicas",
                        "target_ongoing_requests",
                        "upscale_delay_s",
                        "downscale_delay_s"));
        line(8, "autoscaling: {" + String.join(", ", settings) + "}");
    }

    private Optional<String> delay(String at, JsonNode config, String theirs, String ours, Duration least) {
        if (!config.has(theirs)) return Optional.empty();
        double seconds = config.path(theirs).asDouble(0);
        if (seconds < least.toSeconds())
            notes.add(at + ": " + theirs + " " + seconds + " becomes " + least.toSeconds() + " s (R2.3)");
        return Optional.of(ours + ": " + (long) Math.ceil(Math.max(seconds, (double) least.toSeconds())) + "s");
    }

    private void health(JsonNode deployment) {
        List<String> settings = new ArrayList<>();
        if (deployment.has("health_check_period_s"))
            settings.add("period: " + seconds(deployment.path("health_check_period_s")));
        if (deployment.has("health_check_timeout_s"))
            settings.add("timeout: " + seconds(deployment.path("health_check_timeout_s")));
        if (!settings.isEmpty()) line(8, "health-check: {" + String.join(", ", settings) + "}");
    }

    private static String seconds(JsonNode value) {
        return (long) (value.asDouble(1) * 1000) + "ms";
    }

    private void unknown(String at, JsonNode object, Set<String> known) {
        TreeSet<String> names = new TreeSet<>(object.propertyNames());
        names.removeAll(known);
        for (String name : names)
            notes.add((at.isEmpty() ? "" : at + ": ") + name + " has no counterpart and is left out");
    }

    private void line(int indent, String text) {
        yaml.repeat(" ", indent).append(text).append('\n');
    }
}
