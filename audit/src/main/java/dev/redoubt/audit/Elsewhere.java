package dev.redoubt.audit;

import dev.redoubt.audit.facts.Callers.Framework;
import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What other files of a project say of what one leaves open: options of deployments that a configuration of Ray Serve
/// states, and gateways that may ask for keys before a pod does.
final class Elsewhere {
    private static final Pattern GATE = Pattern.compile(
            "endpoints-release/endpoints-runtime|oauth2[-_]proxy|kube-rbac-proxy|traefik\\.http\\.routers\\.[\\w-]{1,60}\\.middlewares[^\\n]{0,40}auth|"
                    + "kind:\\s{0,4}(EnvoyFilter|AuthorizationPolicy|RequestAuthentication|SecurityPolicy)\\b"
                    + "|plugin:\\s{0,4}[\"']?(key-auth|jwt|oauth2|basic-auth|openid-connect)\\b"
                    + "|nginx\\.ingress\\.kubernetes\\.io/auth-(url|type)|traefik\\.ingress\\.kubernetes\\.io/[\\w.]{0,40}auth");
    private static final Pattern OF_ANYSCALE = Pattern.compile("(?m)^FROM\\s{1,4}anyscale/");

    private static final Set<String> OF_PODS = Set.of("R1.2/public-bind", "V5.3/server-without-key");
    private static final Set<String> OF_SERVICES = Set.of("R1.2/public-bind", "V5.3/route-without-key");

    /// What one file says that others leave open.
    ///
    /// @param stated options of deployments, by their names
    /// @param deployments that its code defines, by the lines where they stand
    /// @param bound names that it binds or imports
    /// @param started modules that its commands start, dotted, by the lines where they stand
    /// @param modules of which a configuration of Ray Serve takes its applications, dotted
    /// @param sockets whether all that its program answers are web sockets
    /// @param local whether its program has Ray Serve listen on loopback alone, if nothing else says more
    /// @param gate whether it asks for keys before what is behind it
    /// @param anyscale whether it makes an image for Anyscale
    record Part(
            Found file,
            Map<String, Settings> stated,
            Map<Integer, Defined> deployments,
            Set<String> bound,
            Map<Integer, String> started,
            List<String> modules,
            boolean sockets,
            boolean local,
            boolean gate,
            boolean anyscale) {
        static Part of(Found file, Facts facts) {
            Map<String, Settings> stated = new HashMap<>();
            Map<Integer, Defined> deployments = new HashMap<>();
            for (Deployment one : facts.deployments()) {
                if (one.whole())
                    deployments.put(facts.source().lineAt(one.start()), new Defined(one.name(), name(one)));
                else if (!one.name().isEmpty()) stated.put(one.name(), one.settings());
            }
            String text = facts.source().text();
            Set<String> bound = new HashSet<>();
            Matcher binding =
                    BINDING.matcher(file.kind() == FileKind.PYTHON || file.kind() == FileKind.NOTEBOOK ? text : "");
            while (binding.find()) for (String name : binding.group().split("\\W+")) bound.add(name);
            Map<Integer, String> started = new HashMap<>();
            for (Listener listener : facts.listeners())
                listener.settings()
                        .get("application")
                        .flatMap(application -> application.value().texts().findFirst())
                        .ifPresent(application -> started.put(
                                facts.source().lineAt(listener.start()),
                                application.split(":", 2)[0]));
            return new Part(
                    file,
                    stated,
                    deployments,
                    bound,
                    started,
                    facts.applications().stream()
                            .flatMap(one -> one.settings().get("import_path").stream())
                            .flatMap(path -> path.value().texts())
                            .map(path -> path.split(":", 2)[0])
                            .toList(),
                    facts.python().map(Part::answersSockets).orElse(false),
                    facts.python().map(python -> isLocal(python, facts)).orElse(false),
                    file.kind() == FileKind.YAML && GATE.matcher(text).find(),
                    file.kind() == FileKind.DOCKERFILE
                            && OF_ANYSCALE.matcher(text).find());
        }

        private static boolean answersSockets(Python python) {
            List<Handler> all = python.module().functions().stream()
                    .flatMap(owned -> python.callers().handler(owned.node(), owned.scope()).stream())
                    .filter(handler -> handler.framework() != Framework.SERVE)
                    .filter(handler -> !handler.path().orElse("").matches("/(health|live|ready|ping)\\w*"))
                    .toList();
            return !all.isEmpty()
                    && all.stream()
                            .allMatch(handler ->
                                    handler.method().filter("websocket"::equals).isPresent());
        }

        private static boolean isLocal(Python python, Facts facts) {
            return python.module().importsAny("ray.serve")
                    && python.module().calls().stream()
                            .anyMatch(site -> site.name().equals("ray.serve.run")
                                    || site.name().equals("ray.serve.start"))
                    && facts.listeners().isEmpty();
        }

        private static String name(Deployment deployment) {
            return deployment
                    .settings()
                    .get("name")
                    .flatMap(setting -> setting.value().texts().findFirst())
                    .orElse(deployment.name());
        }
    }

    /// @param name by which a configuration calls it, its own where nothing else is stated
    private record Defined(String code, String name) {}

    /// @param file that states it, as findings name it
    private record Stated(String file, Settings settings) {}

    private final Map<String, List<Stated>> stated = new HashMap<>(); // by the names of deployments
    private final List<Found> gates;
    private final Optional<String> anyscale;
    private final Set<String> bound = new HashSet<>();
    private final Reach reach;
    private final List<Part> programs;
    private final boolean configured; // whether a file has Ray Serve listen

    Elsewhere(Collection<Part> parts, Reach reach) {
        this.reach = reach;
        programs = parts.stream()
                .filter(part -> part.file.kind() == FileKind.PYTHON)
                .toList();
        configured = parts.stream().anyMatch(part -> !part.modules.isEmpty());
        for (Part part : parts) {
            bound.addAll(part.bound);
            bound.addAll(part.stated.keySet());
        }
        for (Part part : parts)
            part.stated.forEach((name, settings) ->
                    stated.computeIfAbsent(name, _ -> new ArrayList<>()).add(new Stated(part.file.shown(), settings)));
        gates = parts.stream().filter(Part::gate).map(Part::file).toList();
        anyscale = parts.stream()
                .filter(Part::anyscale)
                .map(part -> part.file.shown())
                .sorted()
                .findFirst();
    }

    /// One that stands in the folder of a manifest, or below it.
    private Optional<String> gateOf(Found manifest) {
        String folder = manifest.inside().substring(0, manifest.inside().lastIndexOf('/') + 1);
        return gates.stream()
                .filter(gate -> gate.inside().startsWith(folder))
                .map(Found::shown)
                .sorted()
                .findFirst();
    }

    /// The finding as it is, or as a note where another file may say what is missing.
    Finding judged(Finding finding, Part of) {
        if (finding.level() == Level.NOTE) return finding;
        String id = finding.check().id();
        if (of.file.kind() == FileKind.YAML && OF_PODS.contains(id)
                || of.file.kind() == FileKind.PYTHON && id.equals("V5.3/route-without-key")) {
            Optional<String> gate = gateOf(of.file);
            if (gate.isPresent()) return finding.asNote("unless the gateway of " + gate.get() + " asks for keys");
        }
        if (anyscale.isPresent() && of.file.kind() == FileKind.PYTHON && OF_SERVICES.contains(id))
            return finding.asNote("unless it runs on Anyscale, for which " + anyscale.get() + " makes an image");
        if (of.local && !configured && id.equals("V5.3/route-without-key"))
            return finding.asNote("Ray Serve listens on loopback where nothing else is stated");
        String module = of.started.get(finding.textLine());
        if (module != null
                && id.equals("R1.2/public-bind")
                && program(module)
                        .filter(part -> reach.isWithoutModel(part.file.file()))
                        .isPresent()) return finding.asNote(Reach.NO_MODEL);
        if (!of.modules.isEmpty() && OF_PROXIES.contains(id)) {
            Optional<String> why = why(of, id);
            if (why.isPresent()) return finding.asNote(why.get());
        }
        Defined deployment = of.deployments.get(finding.textLine());
        if (deployment != null
                && !bound.contains(deployment.code)
                && !bound.contains(deployment.name)
                && id.startsWith("R")) return finding.asNote("nothing here binds it");
        if (deployment != null)
            for (Stated one : stated.getOrDefault(deployment.name, List.of())) {
                if (says(one.settings, id)) return finding.asNote("stated in " + one.file);
                if (id.equals("R1.1/resource-limits")
                        && statesCpus(one.settings)
                        && finding.message().endsWith(BOTH))
                    return finding.saying(finding.message().replace(BOTH, "memory, nor does " + one.file));
            }
        return finding;
    }

    /// What a configuration says of proxies matters as far as the applications behind them do.
    private Optional<String> why(Part configuration, String check) {
        List<Part> found = new ArrayList<>();
        for (String module : configuration.modules) {
            Optional<Part> program = program(module);
            if (program.isEmpty()) return Optional.empty();
            found.add(program.get());
        }
        if (found.stream().allMatch(part -> reach.isWithoutModel(part.file.file()))) return Optional.of(Reach.NO_MODEL);
        if (check.equals("R1.3/request-timeout") && found.stream().allMatch(Part::sockets))
            return Optional.of("what it serves are web sockets, which last");
        return Optional.empty();
    }

    /// @param module dotted
    private Optional<Part> program(String module) {
        String path = "/" + module.replace('.', '/') + ".py";
        return programs.stream()
                .filter(part -> ("/" + part.file.inside()).endsWith(path))
                .findFirst();
    }

    private static final Set<String> OF_PROXIES =
            Set.of("R1.2/public-bind", "R1.3/request-timeout", "R4.1/default-namespace");

    private static final Pattern BINDING = Pattern.compile(
            "\\b\\w{1,100}(?=\\s{0,50}\\.\\s{0,50}(bind|options|deploy|remote)\\b)|(?m)^[ \\t]{0,200}from[ \\t][^\\n]{0,200}?\\bimport\\b[^\\n(]{0,400}(\\([^)]{0,2000}\\))?|serve\\.(run|deployment|ingress)\\(\\s{0,50}\\w{1,100}");

    private static final String BOTH = "num_cpus and memory";

    private static boolean statesCpus(Settings settings) {
        Settings resources = settings.group("ray_actor_options");
        return resources.has("num_cpus") || resources.has("num_gpus");
    }

    /// Whether these options of a deployment are what a check has missed in its code.
    private static boolean says(Settings settings, String check) {
        return switch (check) {
            case "R1.1/resource-limits", "R2.4/autoscaling-without-limits" ->
                statesCpus(settings) && settings.group("ray_actor_options").has("memory");
            case "R1.1/ongoing-requests" -> settings.has("max_ongoing_requests");
            case "R2.1/max-replicas" ->
                settings.group("autoscaling_config").has("max_replicas")
                        || settings.get("num_replicas")
                                .filter(number -> number.value() instanceof Value.Numeric)
                                .isPresent();
            default -> false;
        };
    }
}
