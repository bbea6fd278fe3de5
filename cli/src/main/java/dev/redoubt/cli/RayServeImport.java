package dev.redoubt.cli;

import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Names;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Timeouts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// A configuration of Ray Serve as one of ours. What has no safe counterpart is said, not guessed.
final class RayServeImport {
    private static final int RAY_ONGOING = 5; // what Ray takes where nothing is said
    private static final int RAY_REPLICAS_MAX = 1; // the same, but for "auto"
    private static final double RAY_TARGET = 2;
    private static final Set<String> TOP = Set.of("applications", "http_options");
    private static final Set<String> HTTP = Set.of("host", "port", "request_timeout_s");
    private static final Duration TIME_MIN = Duration.ofMillis(10);
    private static final Duration TIME_MAX = Duration.ofHours(1);
    private static final long MEMORY_MIN = 16 << 20;
    private static final long MEMORY_MAX = 1L << 44;
    private static final double QUOTA_CPUS_MAX = 4096;
    private static final long MEMORY_GUESS = 512 << 20;
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
    private static final String LANGUAGE_MODELS = "ray.serve.llm:build_openai_app"; // Ray's own: no code of a team
    private static final Set<String> LANGUAGE_MODEL =
            Set.of("model_loading_config", "deployment_config", "engine_kwargs");
    private static final String CHAT = "Chat"; // what a deployment of a language model is called
    private static final String FACTOR = "smoothing_factor";

    /// What to do where there is no counterpart, by Ray's name.
    private static final Map<String, String> WAYS_OUT = Map.ofEntries(
            Map.entry("proxy_location", "one server answers for all applications"),
            Map.entry("grpc_options", "http.grpc-port opens a port for gRPC, by application.proto of ours"),
            Map.entry("logging_config", "the access log is always on, 'redoubt logs' tells the rest"),
            Map.entry("root_path", "an application is at /NAME, a proxy before the server may put a path before it"),
            Map.entry("keep_alive_timeout_s", "the server has its own"),
            Map.entry("ssl_certfile", "set http.tls"),
            Map.entry("ssl_keyfile", "set http.tls"),
            Map.entry("runtime_env", "what a handler needs is in its jar"),
            Map.entry("args", "a handler takes what it needs by user-config"),
            Map.entry("num_gpus", "no GPU is shared out"),
            Map.entry("initial_replicas", "it begins with min-replicas"),
            Map.entry("metrics_interval_s", "it is 10 s (R2.3)"),
            Map.entry("aggregation_function", "it is the mean"),
            Map.entry("max_replicas_per_node", "there is one machine"),
            Map.entry("placement_group_bundles", "there is one machine"),
            Map.entry("graceful_shutdown_wait_loop_s", "a replica ends when its last call has"),
            Map.entry("accelerator_type", "no GPU is shared out"),
            Map.entry("lora_config", "model.adapters serves adapters beside the server's model"),
            Map.entry("tensor_parallel_size", "a replica computes with its whole cpus"),
            Map.entry("pipeline_parallel_size", "a replica computes with its whole cpus"),
            Map.entry("gpu_memory_utilization", "memory is what a replica may take, weights and KV cache together"),
            Map.entry("max_model_len", "engine.max-model-len says it for all models"),
            Map.entry("max_num_seqs", "engine.max-num-seqs says it for all models"),
            Map.entry("max_num_batched_tokens", "engine.max-num-batched-tokens says it for all models"),
            Map.entry("enable_prefix_caching", "engine.prefix-cache says whose prefixes are shared (V1.1)"),
            Map.entry("kv_cache_dtype", "engine.kv-cache-dtype says it for all models"),
            Map.entry("quantization", "it is what the model's files and the allow-list say (V6.1)"),
            Map.entry("dtype", "it is what the model's files say"),
            Map.entry("trust_remote_code", "no code of a model is ever run (V2.4)"));

    private final Set<String> applications = new TreeSet<>();
    private final StringBuilder yaml = new StringBuilder();
    private final List<String> notes = new ArrayList<>();
    private Holding replicas = Holding.NONE; // of an application, at least
    private Holding largest = Holding.NONE; // one of them

    private RayServeImport() {}

    /// @param applications how many of them there are in it
    /// @param yaml ours
    /// @param notes what a person must look at, a line each
    record Imported(int applications, String yaml, List<String> notes) {}

    /// @param file with `applications`
    static Imported of(JsonNode file) {
        RayServeImport reading = new RayServeImport();
        reading.unknown("", file, TOP);
        reading.http(file.path("http_options"));
        reading.line(0, "applications:");
        int index = 0;
        for (JsonNode application : file.path("applications")) {
            if (application.isObject()) reading.application(application);
            else reading.notes.add("applications[" + index + "] is no application, and is left out");
            index++;
        }
        return new Imported(reading.applications.size(), reading.yaml.toString(), List.copyOf(reading.notes));
    }

    private void http(JsonNode options) {
        String at = "http_options";
        String host = options.path("host").asString("127.0.0.1");
        if (!Loopback.is(host))
            notes.add(at + ".host " + host
                    + ": beyond loopback only with http.tls (R1.2); this file leaves it on 127.0.0.1");
        else if (!host.equals("127.0.0.1")) notes.add(at + ".host " + host + " becomes 127.0.0.1");
        if (given(options, "port")) line(0, "http: {port: " + whole(at, options, "port", 0, 65_535, 8000) + "}");
        if (given(options, "request_timeout_s"))
            line(
                    0,
                    "limits: {request-timeout: "
                            + seconds(
                                    at,
                                    options,
                                    "request_timeout_s",
                                    Duration.ofSeconds(1),
                                    Timeouts.CALL_MAX,
                                    Timeouts.CALL_MAX)
                            + "}");
        unknown(at, options, HTTP);
    }

    private void application(JsonNode application) {
        String given = application.path("name").asString("default");
        String name = alone(name(given), applications);
        if (!name.equals(given)) notes.add("application '" + given + "' is called '" + name + "' here (R4.1)");
        JsonNode prefix = application.path("route_prefix");
        String route = prefix.asString("/" + name);
        if (prefix.isNull())
            notes.add(name + ": route_prefix null becomes /" + name
                    + ", which every application has: whoever has no key of it sees nothing there");
        else if (!route.equals("/" + name)) notes.add(name + ": route_prefix " + route + " becomes /" + name);
        if (application.path("import_path").asString("").equals(LANGUAGE_MODELS)) {
            languageModels(name, application);
            return;
        }
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
        int place = yaml.length();
        line(4, "deployments:");
        for (int i = 0; i < deployments.size(); i++) deployment(name, called.get(i), deployments.get(i));
        quota(name, place);
    }

    /// Ray has none: what the replicas take that there must be, and one more of the largest, for updates.
    ///
    /// @param place where it goes in the YAML
    private void quota(String application, int place) {
        Holding quota = replicas.plus(largest);
        replicas = Holding.NONE;
        largest = Holding.NONE;
        String cpu = BigDecimal.valueOf(Math.min(quota.cpus(), QUOTA_CPUS_MAX))
                .setScale(2, RoundingMode.CEILING)
                .stripTrailingZeros()
                .toPlainString();
        yaml.insert(
                place, "    quota: {cpu: " + cpu + ", memory: " + Math.min(quota.memoryBytes(), MEMORY_MAX) + "}\n");
        notes.add(
                application + ": quota is what its replicas take at least, and one more for updates: raise it for what"
                        + " autoscaling may take (R4.2)");
    }

    /// A key opens one application, and that has one model at `/v1`: each of Ray's has one of its own here.
    private void languageModels(String application, JsonNode given) {
        unknown(application, given, Set.of("name", "route_prefix", "import_path", "args"));
        unknown(application + ".args", given.path("args"), Set.of("llm_configs"));
        JsonNode models = given.path("args").path("llm_configs");
        if (models.size() > 1)
            notes.add(application + ": has " + models.size()
                    + " models, each becomes an application: a key opens one of them, create a key for each");
        boolean first = true;
        for (JsonNode model : models)
            if (model.isObject()) {
                languageModel(first ? application : alone(name(modelName(model)), applications), model);
                first = false;
            } else notes.add(application + ": llm_configs names " + model + ": put what that file holds in its place");
        if (!first) return;
        line(2, "- name: " + application);
        notes.add(application + ": lists no model in args.llm_configs: state one");
    }

    private static String modelName(JsonNode model) {
        String id = model.path("model_loading_config").path("model_id").asString("");
        String name =
                id.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-").replaceAll("^[^a-z0-9]+", "");
        if (name.isEmpty()) return "model";
        return name.length() <= 64 ? name : name.substring(0, 64);
    }

    private void languageModel(String application, JsonNode model) {
        JsonNode loading = model.path("model_loading_config");
        String name = modelName(model);
        String at = application + "." + CHAT;
        if (!name.equals(loading.path("model_id").asString("")))
            notes.add(at + ": model_id " + loading.path("model_id") + " is called '" + name
                    + "' here, callers ask for that");
        JsonNode source = loading.path("model_source");
        notes.add(at + ": a start fetches nothing, bring the files of "
                + (source.isMissingNode() || source.isNull() ? "the model" : source)
                + " here: redoubt models add PATH --name " + name);
        unknown(at, model, LANGUAGE_MODEL);
        unknown(at + ".model_loading_config", loading, Set.of("model_id", "model_source"));
        unknown(at + ".engine_kwargs", model.path("engine_kwargs"), Set.of());
        line(2, "- name: " + application);
        int place = yaml.length();
        line(4, "deployments:");
        line(6, "- name: " + CHAT);
        line(8, "llm: {model: " + name + "}");
        JsonNode deployment = model.path("deployment_config");
        if (given(deployment, "user_config")) notes.add(at + ": user_config is left out, a language model takes none");
        unknown(at, deployment, DEPLOYMENT);
        bounds(at, deployment);
        quota(application, place);
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
        bounds(at, deployment);
        JsonNode config = deployment.path("user_config");
        if (config.isObject()) line(8, "user-config: " + config);
        else if (given(deployment, "user_config"))
            notes.add(at + ": user_config is no map, and is left out: put it into one, as fields of a record");
    }

    /// What a deployment of any kind has.
    private void bounds(String at, JsonNode deployment) {
        Resources each = resources(at, deployment.path("ray_actor_options"));
        boolean word = deployment.path("num_replicas").asString("").equals("auto");
        boolean auto = word || given(deployment, "autoscaling_config");
        int most = auto ? Autoscaling.ONGOING_MAX : DeploymentSpec.ONGOING_MAX;
        String limit = deployment.has("max_ongoing_requests") ? "max_ongoing_requests" : "max_concurrent_queries";
        long ongoing = whole(at, deployment, limit, 1, 100_000, RAY_ONGOING);
        if (ongoing > most) notes.add(at + ": " + limit + " " + ongoing + " becomes " + most + " (R1.1, R2.4)");
        line(8, "max-ongoing-requests: " + Math.min(ongoing, most));
        long queued = whole(at, deployment, "max_queued_requests", -1, DeploymentSpec.QUEUED_MAX, -1);
        if (queued < 0) notes.add(at + ": an unbounded queue becomes one of 100 (R1.1)");
        else line(8, "max-queued-requests: " + queued);
        if (auto && !word && given(deployment, "num_replicas"))
            notes.add(at + ": num_replicas " + deployment.path("num_replicas") + " is left out for autoscaling_config");
        long least;
        if (auto) {
            long usualMax = word ? Autoscaling.REPLICAS_MAX : RAY_REPLICAS_MAX;
            least = Math.max(1, autoscaling(at, deployment.path("autoscaling_config"), usualMax));
        } else {
            least = whole(at, deployment, "num_replicas", 0, Autoscaling.REPLICAS_MAX, 1);
            line(8, "replicas: " + least);
        }
        replicas = replicas.plus(Holding.of(each, (int) least));
        largest = largest.or(Holding.of(each, 1));
        health(at, deployment);
        if (given(deployment, "graceful_shutdown_timeout_s"))
            line(
                    8,
                    "timeouts: {drain: "
                            + seconds(
                                    at,
                                    deployment,
                                    "graceful_shutdown_timeout_s",
                                    TIME_MIN,
                                    TIME_MAX,
                                    Timeouts.DEFAULT.drain())
                            + "}");
    }

    private Resources resources(String at, JsonNode options) {
        unknown(at + ".ray_actor_options", options, ACTOR);
        double cpus = decimal(at, options, "num_cpus", 0.01, 1024, 1);
        line(8, "cpu: " + cpus);
        long guess = given(options, "memory") ? MEMORY_GUESS : 0;
        long bytes = whole(at, options, "memory", 0, MEMORY_MAX, guess);
        if (bytes >= MEMORY_MIN) line(8, "memory: " + bytes);
        else if (bytes > 0) {
            line(8, "memory: " + MEMORY_MIN);
            notes.add(at + ": memory " + bytes + " becomes " + MEMORY_MIN + ", a replica has no less");
        } else {
            line(8, "memory: 512MiB");
            notes.add(at + ": states no memory: 512MiB is a guess, and a limit that is kept (R1.1)");
        }
        return Resources.of(cpus, bytes == 0 ? MEMORY_GUESS : Math.max(bytes, MEMORY_MIN));
    }

    /// @param usualMax where the configuration does not say how many
    /// @return how many there are at least
    private long autoscaling(String at, JsonNode config, long usualMax) {
        List<String> settings = new ArrayList<>();
        long max = whole(at, config, "max_replicas", 1, Autoscaling.REPLICAS_MAX, usualMax);
        settings.add("max-replicas: " + max);
        long min = whole(at, config, "min_replicas", 0, max, Math.min(max, 1));
        settings.add("min-replicas: " + min);
        String target = either(config, "target_ongoing_requests", "target_num_ongoing_requests_per_replica");
        settings.add("target-ongoing-requests: "
                + decimal(at, config, target, 0.01, Autoscaling.TARGET_ONGOING, RAY_TARGET));
        delay(at, config, "upscale_delay_s", "upscale-delay", Autoscaling.UPSCALE_DELAY)
                .ifPresent(settings::add);
        delay(at, config, "downscale_delay_s", "downscale-delay", Autoscaling.DOWNSCALE_DELAY_MIN)
                .ifPresent(settings::add);
        delay(at, config, "downscale_to_zero_delay_s", "downscale-to-zero-delay", Autoscaling.DOWNSCALE_DELAY_MIN)
                .ifPresent(settings::add);
        if (given(config, "look_back_period_s"))
            settings.add("look-back: "
                    + seconds(at, config, "look_back_period_s", TIME_MIN, TIME_MAX, Autoscaling.LOOK_BACK));
        String up = either(config, "upscaling_factor", either(config, "upscale_smoothing_factor", FACTOR));
        String down = either(config, "downscaling_factor", either(config, "downscale_smoothing_factor", FACTOR));
        if (given(config, up)) settings.add("upscaling-factor: " + decimal(at, config, up, 0.01, 100, 1));
        if (given(config, down)) settings.add("downscaling-factor: " + decimal(at, config, down, 0.01, 100, 1));
        unknown(
                at + ".autoscaling_config",
                config,
                List.of(
                        "max_replicas",
                        "min_replicas",
                        target,
                        "upscale_delay_s",
                        "downscale_delay_s",
                        "downscale_to_zero_delay_s",
                        "look_back_period_s",
                        up,
                        down));
        line(8, "autoscaling: {" + String.join(", ", settings) + "}");
        return min;
    }

    /// The name that is there; the first, where both or none are.
    private static String either(JsonNode object, String name, String once) {
        return given(object, name) || !given(object, once) ? name : once;
    }

    /// In Ray, null is what is not said.
    private static boolean given(JsonNode object, String name) {
        return object.has(name) && !object.path(name).isNull();
    }

    private Optional<String> delay(String at, JsonNode config, String theirs, String ours, Duration least) {
        if (!given(config, theirs)) return Optional.empty();
        double seconds = decimal(at, config, theirs, 0, 3600, 0);
        if (seconds < least.toSeconds())
            notes.add(at + ": " + theirs + " " + seconds + " becomes " + least.toSeconds() + " s (R2.3)");
        return Optional.of(ours + ": " + (long) Math.ceil(Math.max(seconds, (double) least.toSeconds())) + "s");
    }

    private void health(String at, JsonNode deployment) {
        List<String> settings = new ArrayList<>();
        HealthCheck most = HealthCheck.DEFAULT; // R1.5
        if (given(deployment, "health_check_period_s"))
            settings.add("period: "
                    + seconds(at, deployment, "health_check_period_s", TIME_MIN, most.period(), most.period()));
        if (given(deployment, "health_check_timeout_s"))
            settings.add("timeout: "
                    + seconds(at, deployment, "health_check_timeout_s", TIME_MIN, most.timeout(), most.timeout()));
        if (!settings.isEmpty()) line(8, "health-check: {" + String.join(", ", settings) + "}");
    }

    private String seconds(String at, JsonNode object, String name, Duration least, Duration most, Duration otherwise) {
        double taken =
                decimal(at, object, name, least.toMillis() / 1e3, most.toMillis() / 1e3, otherwise.toMillis() / 1e3);
        return Math.round(taken * 1000) + "ms";
    }

    private long whole(String at, JsonNode object, String name, long least, long most, long otherwise) {
        JsonNode value = object.path(name);
        if (value.isMissingNode() || value.isNull() || value.asString("").equals("auto")) return otherwise;
        boolean number = value.isNumber() && value.canConvertToExactIntegral() && value.canConvertToLong();
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

    private void unknown(String at, JsonNode object, Collection<String> known) {
        TreeSet<String> names = new TreeSet<>(object.propertyNames());
        names.removeAll(known);
        for (String name : names) {
            String wayOut = WAYS_OUT.containsKey(name) ? ": " + WAYS_OUT.get(name) : "";
            notes.add((at.isEmpty() ? "" : at + ": ") + name + " has no counterpart and is left out" + wayOut);
        }
    }

    private void line(int indent, String text) {
        yaml.repeat(" ", indent).append(text).append('\n');
    }
}
