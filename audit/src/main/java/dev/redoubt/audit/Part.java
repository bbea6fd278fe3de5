package dev.redoubt.audit;

import dev.redoubt.audit.facts.Callers.Framework;
import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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
/// @param sample whether all that it serves are the fruits and sums that KubeRay's documentation serves
/// @param labels that it writes on pods
/// @param policed labels, together, of the pods that its network policies let only some others reach
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
        boolean sample,
        Set<String> labels,
        List<Set<String>> policed,
        boolean anyscale) {
    static Part of(Found file, Facts facts) {
        Map<String, Settings> stated = new HashMap<>();
        Map<Integer, Defined> deployments = new HashMap<>();
        for (Deployment one : facts.deployments()) {
            if (one.whole()) deployments.put(facts.source().lineAt(one.start()), new Defined(one.name(), name(one)));
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
                            facts.source().lineAt(listener.start()), application.split(":", 2)[0]));
        List<String> modules = facts.applications().stream()
                .flatMap(one -> one.settings().get("import_path").stream())
                .flatMap(path -> path.value().texts())
                .map(path -> path.split(":", 2)[0])
                .toList();
        return new Part(
                file,
                stated,
                deployments,
                bound,
                started,
                modules,
                facts.python().map(Part::answersSockets).orElse(false),
                facts.python().map(python -> isLocal(python, facts)).orElse(false),
                (file.kind() == FileKind.YAML || file.kind() == FileKind.TERRAFORM)
                        && GATE.matcher(text).find(),
                !modules.isEmpty()
                        && (text.contains("github.com/ray-project/test_dag/") && !text.contains("serve_config_examples")
                                || modules.stream().allMatch(module -> module.startsWith("ray.serve.tests."))),
                file.kind() == FileKind.YAML
                                && !(facts.containers().isEmpty()
                                        && facts.engines().isEmpty())
                        ? labels(text)
                        : Set.of(),
                file.kind() == FileKind.YAML || file.kind() == FileKind.TERRAFORM ? policed(text) : List.of(),
                file.kind() == FileKind.DOCKERFILE && OF_ANYSCALE.matcher(text).find());
    }

    /// As `name=value`.
    private static Set<String> labels(String text) {
        return LABEL.matcher(text)
                .results()
                .limit(LABELS_MAX)
                .map(label -> label.group(1) + "=" + label.group(2))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static List<Set<String>> policed(String text) {
        if (!POLICY.matcher(text).find()) return List.of();
        return SELECTOR.matcher(text)
                .results()
                .limit(LABELS_MAX)
                .map(selector -> labels(selector.group(1)))
                .toList();
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

    /// @param name by which a configuration calls it, its own where nothing else is stated
    record Defined(String code, String name) {}

    private static final Pattern GATE = Pattern.compile(
            "endpoints-release/endpoints-runtime|oauth2[-_]proxy|kube-rbac-proxy|traefik\\.http\\.routers\\.[\\w-]{1,60}\\.middlewares[^\\n]{0,40}auth|"
                    + "kind\"?\\s{0,12}[:=]\\s{0,4}\"?(EnvoyFilter|AuthorizationPolicy|RequestAuthentication|SecurityPolicy)\\b"
                    + "|plugin:\\s{0,4}[\"']?(key-auth|jwt|oauth2|basic-auth|openid-connect)\\b"
                    + "|security\\.opendatahub\\.io/enable-auth:\\s{0,4}\"?true|nginx\\.ingress\\.kubernetes\\.io/auth-(url|type)|traefik\\.ingress\\.kubernetes\\.io/[\\w.]{0,40}auth");
    private static final Pattern POLICY = Pattern.compile("kind\"?\\s{0,12}[:=]\\s{0,4}\"?NetworkPolicy\\b");
    /* Of the pods that a policy is for: the first selector of it. */
    private static final Pattern SELECTOR = Pattern.compile(
            "podSelector[^\\n]{0,20}\\s{0,40}\"?matchLabels\"?\\s{0,12}[:=]\\s{0,4}\\{?((?:\\s{1,40}\"?[\\w./-]{1,80}\"?\\s{0,12}[:=]\\s{0,4}\"?[\\w.-]{1,80}\"?,?){1,8})");
    private static final Pattern LABEL = Pattern.compile("([\\w./-]{1,80})\"?\\s{0,12}[:=]\\s{0,4}\"?([\\w.-]{1,80})");
    private static final Pattern OF_ANYSCALE = Pattern.compile("(?m)^FROM\\s{1,4}anyscale/");
    private static final Pattern BINDING = Pattern.compile(
            "\\b\\w{1,100}(?=\\s{0,50}\\.\\s{0,50}(bind|options|deploy|remote)\\b)|(?m)^[ \\t]{0,200}from[ \\t][^\\n]{0,200}?\\bimport\\b[^\\n(]{0,400}(\\([^)]{0,2000}\\))?|serve\\.(run|deployment|ingress)\\(\\s{0,50}\\w{1,100}");
    private static final int LABELS_MAX = 2_000; // of one file
}
