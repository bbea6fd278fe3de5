package dev.redoubt.audit;

import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What other files of a project say of what one leaves open: options of deployments that a configuration of Ray Serve
/// states, and gateways that may ask for keys before a pod does.
final class Elsewhere {
    private static final Pattern GATE = Pattern.compile(
            "kind:\\s{0,4}(EnvoyFilter|AuthorizationPolicy|RequestAuthentication|SecurityPolicy)\\b"
                    + "|plugin:\\s{0,4}[\"']?(key-auth|jwt|oauth2|basic-auth|openid-connect)\\b"
                    + "|nginx\\.ingress\\.kubernetes\\.io/auth-(url|type)|traefik\\.ingress\\.kubernetes\\.io/[\\w.]{0,40}auth");
    private static final Pattern OF_ANYSCALE = Pattern.compile("(?m)^FROM\\s{1,4}anyscale/");

    private static final Set<String> OF_PODS = Set.of("R1.2/public-bind", "V5.3/server-without-key");
    private static final Set<String> OF_SERVICES = Set.of("R1.2/public-bind", "V5.3/route-without-key");

    /// What one file says that others leave open.
    ///
    /// @param stated options of deployments, by their names
    /// @param deployments that its code defines, by the lines where they stand
    /// @param gate whether it asks for keys before what is behind it
    /// @param anyscale whether it makes an image for Anyscale
    record Part(
            Found file,
            Map<String, Settings> stated,
            Map<Integer, String> deployments,
            boolean gate,
            boolean anyscale) {
        static Part of(Found file, Facts facts) {
            Map<String, Settings> stated = new HashMap<>();
            Map<Integer, String> deployments = new HashMap<>();
            for (Deployment one : facts.deployments()) {
                if (one.whole()) deployments.put(facts.source().lineAt(one.start()), name(one));
                else if (!one.name().isEmpty()) stated.put(one.name(), one.settings());
            }
            String text = facts.source().text();
            return new Part(
                    file,
                    stated,
                    deployments,
                    file.kind() == FileKind.YAML && GATE.matcher(text).find(),
                    file.kind() == FileKind.DOCKERFILE
                            && OF_ANYSCALE.matcher(text).find());
        }

        private static String name(Deployment deployment) {
            return deployment
                    .settings()
                    .get("name")
                    .flatMap(setting -> setting.value().texts().findFirst())
                    .orElse(deployment.name());
        }
    }

    /// @param file that states it, as findings name it
    private record Stated(String file, Settings settings) {}

    private final Map<String, List<Stated>> stated = new HashMap<>(); // by the names of deployments
    private final List<Found> gates;
    private final Optional<String> anyscale;

    Elsewhere(Collection<Part> parts) {
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
        if (of.file.kind() == FileKind.YAML && OF_PODS.contains(id)) {
            Optional<String> gate = gateOf(of.file);
            if (gate.isPresent()) return finding.asNote("unless the gateway of " + gate.get() + " asks for keys");
        }
        if (anyscale.isPresent() && of.file.kind() == FileKind.PYTHON && OF_SERVICES.contains(id))
            return finding.asNote("unless it runs on Anyscale, for which " + anyscale.get() + " makes an image");
        String deployment = of.deployments.get(finding.span().line());
        if (deployment != null)
            for (Stated one : stated.getOrDefault(deployment, List.of())) {
                if (says(one.settings, id)) return finding.asNote("stated in " + one.file);
                if (id.equals("R1.1/resource-limits")
                        && statesCpus(one.settings)
                        && finding.message().endsWith(BOTH))
                    return finding.saying(finding.message().replace(BOTH, "memory, nor does " + one.file));
            }
        return finding;
    }

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
