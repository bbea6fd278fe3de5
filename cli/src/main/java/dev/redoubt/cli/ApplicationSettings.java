package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.runtime.llm.LlmRuntime;
import dev.redoubt.runtime.onnx.OnnxRuntime;
import dev.redoubt.serve.java.JavaRuntime;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// `applications:` of a file: its settings, and what they come to.
final class ApplicationSettings {
    private static final SettingType<Duration> TIME = SettingType.duration(Duration.ofMillis(10), Duration.ofHours(1));
    private static final SettingType<Long> MEMORY = SettingType.size(16 << 20, 1L << 44);
    private static final SettingType<Double> CPU = SettingType.decimal(0.01, 4096);
    private static final SettingType<String> DEPLOYMENT_NAME = SettingType.text(
            "1 to 63 characters of letters, digits, _ and -", Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}"));
    static final SettingType<String> NAME = SettingType.text(
            "1 to 63 characters of a-z, 0-9 and -", Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"));
    static final SettingType<String> DIGEST =
            SettingType.text("sha256: and 64 hexadecimal digits in lower case", Pattern.compile("sha256:[0-9a-f]{64}"));

    private static final Setting<String> CLASS = Setting.required(
            "class",
            SettingType.text("a class", Pattern.compile("[A-Za-z_$][\\w$]*(?:\\.[A-Za-z_$][\\w$]*)*")),
            "the handler, with its package");
    private static final Setting<Path> JAR =
            Setting.required("jar", SettingType.path(), "where the handler and all that it needs is");
    private static final Setting<String> JAR_DIGEST =
            Setting.required("digest", DIGEST, Requirement.R1_6, "of the jar: another one is refused (R1.6)");
    static final Section JAVA = new Section(List.of(CLASS, JAR, JAR_DIGEST));

    private static final Setting<Path> ONNX_MODEL = Setting.required("model", SettingType.path(), "the .onnx file");
    private static final Setting<String> ONNX_DIGEST =
            Setting.required("digest", DIGEST, Requirement.V4_1, "of the file: another one is refused (V4.1)");
    static final Section ONNX = new Section(List.of(ONNX_MODEL, ONNX_DIGEST));

    private static final Setting<String> LLM_MODEL = Setting.required(
            "model",
            SettingType.text("a name of the store", Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}")),
            "an entry of the store: `redoubt models list`");
    private static final Setting<String> LLM_DIGEST = Setting.optional(
            "digest",
            DIGEST,
            "of its manifest: another one is refused (V4.1); absent: the one that the store has when it is deployed, until it is deployed again");
    private static final Setting<String> LLM_ENGINE = Setting.of(
            "engine",
            SettingType.oneOf(List.of("dedicated", "shared")),
            "dedicated",
            "`dedicated`: a pool, a loop, threads and cache keys of its own in each replica, sized by `cpu` and `memory` (V1.2); "
                    + "`shared`: the engine of the file's `model`, which must be the same model");
    static final Section LLM = new Section(List.of(LLM_MODEL, LLM_DIGEST, LLM_ENGINE));

    private static final Setting<Integer> REPLICAS_MIN =
            Setting.of("min-replicas", SettingType.integer(0, Autoscaling.REPLICAS_MAX), 1, "0 stops the last one too");
    private static final Setting<Integer> REPLICAS_MAX = Setting.required(
            "max-replicas", SettingType.integer(1, Autoscaling.REPLICAS_MAX), Requirement.R2_1, "at most (R2.1)");
    private static final Setting<Double> TARGET = Setting.of(
            "target-ongoing-requests",
            SettingType.decimal(0.01, 1_000_000),
            Autoscaling.TARGET_ONGOING,
            "running and waiting, for each replica");
    private static final Setting<Duration> UPSCALE_DELAY =
            Setting.of("upscale-delay", TIME, Autoscaling.UPSCALE_DELAY, "for how long more must be wanted (R2.3)");
    private static final Setting<Duration> DOWNSCALE_DELAY =
            Setting.of("downscale-delay", TIME, Autoscaling.DOWNSCALE_DELAY, "for how long less must be wanted");
    private static final Setting<Duration> TO_ZERO_DELAY = Setting.optional(
            "downscale-to-zero-delay", TIME, "the same for the last replica; absent: as `downscale-delay`");
    private static final Setting<Duration> LOOK_BACK =
            Setting.of("look-back", TIME, Autoscaling.LOOK_BACK, "over how long requests are averaged");
    private static final Setting<Double> UPSCALING_FACTOR = Setting.of(
            "upscaling-factor", SettingType.decimal(0.01, 100), 1.0, "how much of the way up one decision goes");
    private static final Setting<Double> DOWNSCALING_FACTOR =
            Setting.of("downscaling-factor", SettingType.decimal(0.01, 100), 1.0, "the same on the way down");
    static final Section AUTOSCALING = new Section(List.of(
            REPLICAS_MIN,
            REPLICAS_MAX,
            TARGET,
            UPSCALE_DELAY,
            DOWNSCALE_DELAY,
            TO_ZERO_DELAY,
            LOOK_BACK,
            UPSCALING_FACTOR,
            DOWNSCALING_FACTOR));

    private static final Setting<Duration> PERIOD =
            Setting.of("period", TIME, HealthCheck.DEFAULT.period(), "between two probes of a replica (R1.5)");
    private static final Setting<Duration> PROBE_TIMEOUT =
            Setting.of("timeout", TIME, HealthCheck.DEFAULT.timeout(), "of one probe");
    private static final Setting<Integer> MISSES = Setting.of(
            "misses",
            SettingType.integer(1, 100),
            HealthCheck.DEFAULT.missesMax(),
            "that many in a row, and the replica is drained and replaced");
    static final Section HEALTH = new Section(List.of(PERIOD, PROBE_TIMEOUT, MISSES));

    private static final Setting<Duration> CALL = Setting.optional(
            "call", TIME, "of one call, waiting and running; absent: its share of `request-timeout` (R5.2)");
    private static final Setting<Duration> START =
            Setting.of("start", TIME, Timeouts.DEFAULT.start(), "until a replica must work");
    private static final Setting<Duration> DRAIN = Setting.optional(
            "drain", TIME, "for what a replica that goes is working on; absent: as long as a call may last");
    static final Section TIMEOUTS = new Section(List.of(CALL, START, DRAIN));

    private static final Setting<String> DEPLOYMENT = Setting.required("name", DEPLOYMENT_NAME, "in its application");
    private static final Setting<SectionValues> JAVA_SETTING =
            Setting.optional("java", JAVA, "what runs: a handler in Java, in a process of its own");
    private static final Setting<SectionValues> ONNX_SETTING =
            Setting.optional("onnx", ONNX, "what runs: an ONNX model, in a process of its own");
    private static final Setting<SectionValues> LLM_SETTING = Setting.optional(
            "llm", LLM, "what runs: a language model, in place of `java`; as an ingress it is called at `/v1`");
    private static final Setting<SectionValues> TORCHSCRIPT_SETTING = Setting.optional(
            "torchscript", TorchSettings.SECTION, "what runs: a TorchScript model, in a process of its own");
    private static final Setting<Double> EACH_CPU =
            Setting.required("cpu", CPU, Requirement.R1_1, "cores of one replica (R1.1)");
    private static final Setting<Long> EACH_MEMORY = Setting.required(
            "memory",
            MEMORY,
            Requirement.R1_1,
            "of one replica (R1.1); of it follows what one input, output or item may be, an eighth of the heap and at most 16 MiB:"
                    + " a handler with 128 MiB takes 4.5 MiB, with 256 MiB 15; a model with 256 MiB 5, with 768 MiB 16."
                    + " A larger input is refused (413 `input_too_large`), a larger output is a failure that the log tells");
    private static final Setting<Integer> ONGOING = Setting.required(
            "max-ongoing-requests",
            SettingType.integer(1, 100_000),
            Requirement.R1_1,
            "calls in progress in one replica; more wait (R1.1)");
    private static final Setting<Integer> QUEUED = Setting.of(
            "max-queued-requests",
            SettingType.integer(0, DeploymentSpec.QUEUED_MAX),
            100,
            "calls that wait for a replica; more get 503");
    private static final Setting<Integer> REPLICAS =
            Setting.optional("replicas", SettingType.integer(0, Autoscaling.REPLICAS_MAX), "how many; absent: 1");
    private static final Setting<SectionValues> AUTOSCALING_SETTING =
            Setting.optional("autoscaling", AUTOSCALING, "as many as there is work for, in place of `replicas`");
    private static final Setting<SectionValues> HEALTH_SETTING =
            Setting.of("health-check", HEALTH, HEALTH.absent(), "how replicas are probed");
    private static final Setting<SectionValues> TIMEOUTS_SETTING =
            Setting.of("timeouts", TIMEOUTS, TIMEOUTS.absent(), "of calls and of replicas");
    private static final Setting<JsonNode> USER_CONFIG = Setting.of(
            "user-config",
            SettingType.plainData(),
            JsonNodeFactory.instance.objectNode(),
            "for the handler, which may take it without a restart");
    static final Section DEPLOYMENT_SECTION = new Section(List.of(
            DEPLOYMENT,
            JAVA_SETTING,
            ONNX_SETTING,
            LLM_SETTING,
            TORCHSCRIPT_SETTING,
            EACH_CPU,
            EACH_MEMORY,
            ONGOING,
            QUEUED,
            REPLICAS,
            AUTOSCALING_SETTING,
            HEALTH_SETTING,
            TIMEOUTS_SETTING,
            USER_CONFIG));

    private static final Setting<Double> QUOTA_CPU = Setting.optional(
            "cpu", CPU, "cores of all its replicas together (R4.2); absent: 2, or 0.8 of a smaller machine");
    private static final Setting<Long> QUOTA_MEMORY = Setting.optional(
            "memory", MEMORY, "of all its replicas together (R4.2); absent: 4GiB, or 0.8 of a smaller machine");
    static final Section QUOTA = new Section(List.of(QUOTA_CPU, QUOTA_MEMORY));

    static final Setting<String> APPLICATION = Setting.required("name", NAME, "its namespace; its keys are good here");
    private static final Setting<SectionValues> QUOTA_SETTING =
            Setting.of("quota", QUOTA, QUOTA.absent(), "what it may take");
    private static final Setting<String> INGRESS = Setting.optional(
            "ingress", DEPLOYMENT_NAME, "the deployment behind `/{application}`; absent: the only one");
    private static final Setting<List<SectionValues>> DEPLOYMENTS = Setting.of(
            "deployments",
            SettingType.list(DEPLOYMENT_SECTION, 64),
            List.of(),
            "what it is made of; absent: it has keys for the served model");
    static final Section APPLICATION_SECTION = new Section(List.of(APPLICATION, QUOTA_SETTING, INGRESS, DEPLOYMENTS));

    private static final RuntimeSpec NOTHING = new RuntimeSpec("none", Map.of()); // beside a problem

    private final Path folder;
    private final Problems problems;

    /// Takes what is wrong, with its line.
    interface Problems {
        void add(int line, String message);
    }

    /// @param folder where relative paths begin
    ApplicationSettings(Path folder, Problems problems) {
        this.folder = folder;
        this.problems = problems;
    }

    /// Of all, with deployments or without.
    static Set<String> names(List<SectionValues> applications) {
        return applications.stream().map(values -> values.get(APPLICATION)).collect(Collectors.toUnmodifiableSet());
    }

    /// Those that have deployments.
    List<ApplicationSpec> specs(List<SectionValues> applications) {
        List<ApplicationSpec> specs = new ArrayList<>();
        Map<String, Integer> lines = new HashMap<>();
        for (SectionValues values : applications) {
            String name = values.get(APPLICATION);
            Integer before = lines.putIfAbsent(name, values.line(APPLICATION));
            if (before != null)
                problems.add(
                        values.line(APPLICATION),
                        "application '" + name + "' is there twice, first in line " + before + " (R4.1)");
            if (!values.get(DEPLOYMENTS).isEmpty()) spec(values).ifPresent(specs::add);
        }
        return List.copyOf(specs);
    }

    private Optional<ApplicationSpec> spec(SectionValues values) {
        List<DeploymentSpec> deployments =
                values.get(DEPLOYMENTS).stream().map(this::deployment).toList();
        Optional<String> ingress = values.find(INGRESS);
        if (ingress.isEmpty() && deployments.size() > 1) {
            problems.add(
                    values.line(APPLICATION),
                    "application '" + values.get(APPLICATION) + "' has " + deployments.size()
                            + " deployments and no 'ingress': name the one that callers reach");
            return Optional.empty();
        }
        try {
            return Optional.of(new ApplicationSpec(
                    values.get(APPLICATION),
                    ingress.orElseGet(() -> deployments.getFirst().name()),
                    quota(values.get(QUOTA_SETTING)),
                    deployments));
        } catch (IllegalArgumentException e) {
            problems.add(values.line(APPLICATION), "application '" + values.get(APPLICATION) + "': " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Resources quota(SectionValues quota) {
        Resources usual = ApplicationSpec.DEFAULT_QUOTA;
        Resources machine = Applications.machine();
        return Resources.of(
                quota.find(QUOTA_CPU).orElse(Math.min(usual.cpus(), Applications.SHARE * machine.cpus())),
                quota.find(QUOTA_MEMORY)
                        .orElse(Math.min(usual.memoryBytes(), (long) (Applications.SHARE * machine.memoryBytes()))));
    }

    private DeploymentSpec deployment(SectionValues values) {
        SectionValues health = values.get(HEALTH_SETTING);
        SectionValues timeouts = values.get(TIMEOUTS_SETTING);
        return new DeploymentSpec(
                values.get(DEPLOYMENT),
                runtime(values),
                values.has(LLM_SETTING) ? Isolation.THREAD : Isolation.PROCESS,
                Resources.of(values.get(EACH_CPU), values.get(EACH_MEMORY)),
                values.get(ONGOING),
                values.get(QUEUED),
                scale(values),
                new HealthCheck(health.get(PERIOD), health.get(PROBE_TIMEOUT), health.get(MISSES)),
                new Timeouts(timeouts.find(CALL), timeouts.get(START), timeouts.find(DRAIN)),
                JsonBody.text(values.get(USER_CONFIG)));
    }

    private RuntimeSpec runtime(SectionValues values) {
        List<RuntimeSpec> given = new ArrayList<>();
        values.find(JAVA_SETTING).map(this::javaRuntime).ifPresent(given::add);
        values.find(ONNX_SETTING).map(this::onnxRuntime).ifPresent(given::add);
        values.find(LLM_SETTING).map(ApplicationSettings::llmRuntime).ifPresent(given::add);
        values.find(TORCHSCRIPT_SETTING)
                .map(torch -> torchRuntime(values, torch))
                .ifPresent(given::add);
        if (given.size() == 1) return given.getFirst();
        problems.add(
                values.line(DEPLOYMENT),
                "deployment '" + values.get(DEPLOYMENT)
                        + "' must have one of 'java', 'onnx', 'llm' and 'torchscript', and not more");
        return NOTHING;
    }

    private RuntimeSpec javaRuntime(SectionValues java) {
        return new RuntimeSpec(
                JavaRuntime.KIND,
                Map.of(
                        "class",
                        java.get(CLASS),
                        "jar",
                        absolute(java.get(JAR)),
                        "sha256",
                        java.get(JAR_DIGEST).substring("sha256:".length())));
    }

    private RuntimeSpec onnxRuntime(SectionValues onnx) {
        return new OnnxRuntime.Settings(Path.of(absolute(onnx.get(ONNX_MODEL))), onnx.get(ONNX_DIGEST)).spec();
    }

    private static RuntimeSpec llmRuntime(SectionValues llm) {
        Map<String, String> settings = new HashMap<>();
        settings.put("model", llm.get(LLM_MODEL));
        settings.put("engine", llm.get(LLM_ENGINE));
        llm.find(LLM_DIGEST).ifPresent(digest -> settings.put("digest", digest));
        return new RuntimeSpec(LlmRuntime.KIND, settings);
    }

    private RuntimeSpec torchRuntime(SectionValues values, SectionValues torch) {
        try {
            return TorchSettings.spec(torch, path -> Path.of(absolute(path)));
        } catch (IllegalArgumentException e) {
            problems.add(
                    values.line(TORCHSCRIPT_SETTING), "deployment '" + values.get(DEPLOYMENT) + "': " + e.getMessage());
            return NOTHING;
        }
    }

    private String absolute(Path path) {
        return folder.resolve(path).normalize().toString();
    }

    private Scale scale(SectionValues values) {
        Optional<SectionValues> given = values.find(AUTOSCALING_SETTING);
        if (given.isEmpty()) return new Scale.Fixed(values.find(REPLICAS).orElse(1));
        if (values.has(REPLICAS))
            problems.add(values.line(REPLICAS), "'replicas' and 'autoscaling' are both there: leave one out");
        SectionValues rules = given.get();
        int max = rules.get(REPLICAS_MAX);
        int min = rules.get(REPLICAS_MIN);
        if (min > max)
            problems.add(
                    rules.line(REPLICAS_MIN),
                    "'min-replicas' is " + min + ", allowed is 0 to " + max + ", which is max-replicas");
        Duration down = rules.get(DOWNSCALE_DELAY);
        return new Scale.Automatic(new Autoscaling(
                Math.min(min, max),
                max,
                Math.min(min, max),
                rules.get(TARGET),
                rules.get(UPSCALE_DELAY),
                down,
                rules.find(TO_ZERO_DELAY).orElse(down),
                rules.get(LOOK_BACK),
                rules.get(UPSCALING_FACTOR),
                rules.get(DOWNSCALING_FACTOR)));
    }
}
