package dev.redoubt.cli;

import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Names;
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
    private static final int RAY_ONGOING = 5; // what Ray takes where nothing is said
    private static final Set<String> TOP = Set.of("applications", "http_options");
    private static final Set<String> APPLICATION = Set.of("name", "route_prefix", "import_path", "deployments");
    private static final Set<String> DEPLOYMENT = Set.of(
            "name",
            "num_replicas",
            "max_ongoing_requests",
            "max_concurrent_queries", // as Ray called it once
            "max_queued_requests",
            "autoscaling_config",
            "health_check_period_s",
            "health_check_timeout_s",
            "graceful_shutdown_timeout_s",
            "ray_actor_options",
            "user_config");
    private static final Set<String> ACTOR = Set.of("num_cpus", "memory");

    private final Set<String> applications = new TreeSet<>();
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
        for (String name : file.path("http_options").propertyNames())
            if (!name.equals("host"))
                reading.notes.add("http_options." + name
                        + " is the server's, and no application's: see http and limits in docs/SETTINGS.md");
        int index = 0;
        for (JsonNode application : file.path("applications")) {
            if (application.isObject()) reading.application(application);
            else reading.notes.add("applications[" + index + "] is no application, and is left out");
            index++;
        }
        return new Imported(reading.yaml.toString(), List.copyOf(reading.notes));
    }

    private void application(JsonNode application) {
        String given = application.path("name").asString("default");
        String name = alone(name(given), applications);
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
        Set<String> names = new TreeSet<>();
        List<String> called = new ArrayList<>();
        for (JsonNode deployment : deployments)
            called.add(alone(deploymentName(deployment.path("name").asString("")), names));
        if (deployments.size() > 1) line(4, "ingress: " + called.getFirst());
        if (deployments.size() > 1) notes.add(name + ": the first deployment is taken for the ingress: check");
        line(4, "deployments:");
        for (int i = 0; i < deployments.size(); i++) deployment(name, called.get(i), deployments.get(i));
    }

    /// With a number behind it where another one has the name.
    private static String alone(String name, Set<String> taken) {
        String alone = name;
        for (int i = 2; !taken.add(alone); i++) alone = name + "-" + i;
        return alone;
    }

    private static String deploymentName(String given) {
        String name = given.replaceAll("[^A-Za-z0-9_-]+", "-").replaceAll("^[^A-Za-z0-9]+", "");
        if (name.isEmpty()) return "Unnamed";
        return name.length() <= 60 ? name : name.substring(0, 60);
    }

    /// Ray allows names that we do not.
    private static String name(String given) {
        String name =
                given.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]+", "-").replaceAll("^-+|-+$", "");
        if (name.isEmpty() || name.equals("default") || Names.RESERVED.contains(name)) return "imported";
        return name.length() <= 63 ? name : name.substring(0, 63);
    }

    private void deployment(String application, String name, JsonNode deployment) {
        String at = application + "." + name;
        String given = deployment.path("name").asString("");
        if (!name.equals(given)) notes.add(at + ": deployment '" + given + "' is called '" + name + "' here");
        unknown(at, deployment, DEPLOYMENT);
        line(6, "- name: " + name);
        line(8, "java: {class: CLASS, jar: JAR, digest: \"sha256:DIGEST\"}");
        resources(at, deployment.path("ray_actor_options"));
        boolean auto = deployment.has("autoscaling_config")
                || deployment.path("num_replicas").asString("").equals("auto");
        int most = auto ? Autoscaling.ONGOING_MAX : DeploymentSpec.ONGOING_MAX;
        String limit = deployment.has("max_ongoing_requests") ? "max_ongoing_requests" : "max_concurrent_queries";
        long ongoing = whole(at, deployment, limit, 1, 100_000, RAY_ONGOING);
        if (ongoing > most) notes.add(at + ": " + limit + " " + ongoing + " becomes " + most + " (R1.1, R2.4)");
        line(8, "max-ongoing-requests: " + Math.min(ongoing, most));
        long queued = whole(at, deployment, "max_queued_requests", -1, DeploymentSpec.QUEUED_MAX, -1);
        if (queued < 0) notes.add(at + ": an unbounded queue becomes one of 100 (R1.1)");
        else line(8, "max-queued-requests: " + queued);
        if (auto) autoscaling(at, deployment.path("autoscaling_config"));
        else line(8, "replicas: " + whole(at, deployment, "num_replicas", 0, Autoscaling.REPLICAS_MAX, 1));
        health(at, deployment);
        if (deployment.has("graceful_shutdown_timeout_s"))
            line(
                    8,
                    "timeouts: {drain: "
                            + seconds(at, deployment, "graceful_shutdown_timeout_s", Duration.ofHours(1), 20) + "}");
        JsonNode config = deployment.path("user_config");
        if (config.isObject()) line(8, "user-config: " + config);
    }

    private void resources(String at, JsonNode options) {
        unknown(at + ".ray_actor_options", options, ACTOR);
        line(8, "cpu: " + decimal(at, options, "num_cpus", 0.01, 1024, 1));
        long bytes = whole(at, options, "memory", 0, 1L << 44, 0);
        if (bytes > 0) line(8, "memory: " + bytes);
        else {
            line(8, "memory: 512MiB");
            notes.add(at + ": states no memory: 512MiB is a guess, and a limit that is kept (R1.1)");
        }
    }

    private void autoscaling(String at, JsonNode config) {
        List<String> settings = new ArrayList<>();
        long max = whole(at, config, "max_replicas", 1, Autoscaling.REPLICAS_MAX, Autoscaling.DEFAULT_REPLICAS_MAX);
        settings.add("max-replicas: " + max);
        settings.add("min-replicas: " + whole(at, config, "min_replicas", 0, max, Math.min(max, 1)));
        settings.add("target-ongoing-requests: "
                + decimal(at, config, "target_ongoing_requests", 0.01, Autoscaling.TARGET_ONGOING, 2));
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
        double seconds = decimal(at, config, theirs, 0, 3600, 0);
        if (seconds < least.toSeconds())
            notes.add(at + ": " + theirs + " " + seconds + " becomes " + least.toSeconds() + " s (R2.3)");
        return Optional.of(ours + ": " + (long) Math.ceil(Math.max(seconds, (double) least.toSeconds())) + "s");
    }

    private void health(String at, JsonNode deployment) {
        List<String> settings = new ArrayList<>();
        HealthCheck most = HealthCheck.DEFAULT; // R1.5
        if (deployment.has("health_check_period_s"))
            settings.add("period: " + seconds(at, deployment, "health_check_period_s", most.period(), 10));
        if (deployment.has("health_check_timeout_s"))
            settings.add("timeout: " + seconds(at, deployment, "health_check_timeout_s", most.timeout(), 30));
        if (!settings.isEmpty()) line(8, "health-check: {" + String.join(", ", settings) + "}");
    }

    private String seconds(String at, JsonNode object, String name, Duration most, double otherwise) {
        return Math.round(decimal(at, object, name, 0.01, most.toMillis() / 1e3, otherwise) * 1000) + "ms";
    }

    private long whole(String at, JsonNode object, String name, long least, long most, long otherwise) {
        JsonNode value = object.path(name);
        if (value.isMissingNode() || value.isNull() || value.asString("").equals("auto")) return otherwise;
        boolean number = value.isIntegralNumber() && value.canConvertToLong();
        long taken = number ? Math.clamp(value.longValue(), least, most) : otherwise;
        if (!number || taken != value.longValue()) changed(at, name, value, least + " to " + most, taken);
        return taken;
    }

    private double decimal(String at, JsonNode object, String name, double least, double most, double otherwise) {
        JsonNode value = object.path(name);
        if (value.isMissingNode() || value.isNull()) return otherwise;
        boolean number = value.isNumber() && Double.isFinite(value.doubleValue());
        double taken = number ? Math.clamp(value.doubleValue(), least, most) : otherwise;
        if (!number || taken != value.doubleValue()) changed(at, name, value, least + " to " + most, taken);
        return taken;
    }

    private void changed(String at, String name, JsonNode value, String allowed, Object taken) {
        notes.add(at + ": " + name + " " + value + " is no number of " + allowed + ": " + taken + " is taken, check");
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
