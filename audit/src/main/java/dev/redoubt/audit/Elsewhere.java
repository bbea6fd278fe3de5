package dev.redoubt.audit;

import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What other files of a project say of what one leaves open: options of deployments that a configuration of Ray Serve
/// states, and gateways that may ask for keys before a pod does.
final class Elsewhere {
    private static final Set<String> OF_PODS = Set.of("R1.2/public-bind", "V5.3/server-without-key");
    private static final Set<String> OF_SERVICES = Set.of("R1.2/public-bind", "V5.3/route-without-key");

    /// @param file that states it, as findings name it
    private record Stated(String file, Settings settings) {}

    private final Map<String, List<Stated>> stated = new HashMap<>(); // by the names of deployments

    private final List<Found> gates;
    private final List<Part> policies;
    private final List<Part> configurations;
    private final Optional<String> anyscale;
    private final Set<String> bound = new HashSet<>();
    private final Reach reach;
    private final List<Part> programs;

    Elsewhere(Collection<Part> read, Reach reach) {
        this.reach = reach;
        List<Part> parts = read.stream() // in one order, whichever thread read which
                .sorted(Comparator.comparing((Part part) -> part.file().shown()))
                .toList();
        programs = parts.stream()
                .filter(part -> part.file().kind() == FileKind.PYTHON)
                .toList();
        configurations =
                parts.stream().filter(part -> !part.modules().isEmpty()).toList();
        policies = parts.stream().filter(part -> !part.policed().isEmpty()).toList();
        for (Part part : parts) {
            bound.addAll(part.bound());
            bound.addAll(part.stated().keySet());
        }
        for (Part part : parts)
            part.stated()
                    .forEach((name, settings) -> stated.computeIfAbsent(name, _ -> new ArrayList<>())
                            .add(new Stated(part.file().shown(), settings)));
        gates = parts.stream().filter(Part::gate).map(Part::file).toList();
        anyscale = parts.stream()
                .filter(Part::anyscale)
                .map(part -> part.file().shown())
                .findFirst();
    }

    /// One that stands in the folder of a manifest, or below it.
    private Optional<String> gateOf(Found manifest) {
        String folder = manifest.inside().substring(0, manifest.inside().lastIndexOf('/') + 1);
        return gates.stream()
                .filter(gate -> gate.inside().startsWith(folder))
                .map(Found::shown)
                .findFirst();
    }

    /// The one of the manifest that deploys this program.
    private Optional<String> gateOfConfiguration(Found file) {
        if (file.kind() != FileKind.PYTHON) return Optional.empty();
        String path = "/" + file.inside();
        return configurations.stream()
                .filter(part -> part.modules().stream().anyMatch(module -> path.endsWith(fileOf(module))))
                .flatMap(part -> gateOf(part.file()).stream())
                .findFirst();
    }

    private static String fileOf(String module) {
        return "/" + module.replace('.', '/') + ".py";
    }

    /// The finding as it is, or as a note where another file may say what is missing.
    Finding judged(Finding finding, Part of) {
        if (finding.level() == Level.NOTE) return finding;
        String id = finding.check().id();
        if (of.file().kind() == FileKind.YAML && OF_PODS.contains(id)
                || of.file().kind() == FileKind.PYTHON && id.equals("V5.3/route-without-key")) {
            Optional<String> gate = gateOf(of.file()).or(() -> gateOfConfiguration(of.file()));
            if (gate.isPresent()) return finding.asNote("unless the gateway of " + gate.get() + " asks for keys");
        }
        if (of.file().kind() == FileKind.YAML && OF_PODS.contains(id))
            for (Part policy : policies)
                if (policy.policed().stream().anyMatch(of.labels()::containsAll))
                    return finding.asNote(
                            "unless the network policy of " + policy.file().shown() + " keeps others away");
        if (anyscale.isPresent() && of.file().kind() == FileKind.PYTHON && OF_SERVICES.contains(id))
            return finding.asNote("unless it runs on Anyscale, for which " + anyscale.get() + " makes an image");
        if (of.local() && configurations.isEmpty() && id.equals("V5.3/route-without-key"))
            return finding.asNote("Ray Serve listens on loopback where nothing else is stated");
        String module = of.started().get(finding.textLine());
        if (module != null
                && id.equals("R1.2/public-bind")
                && program(module, of.file())
                        .filter(part -> reach.isWithoutModel(part.file().file()))
                        .isPresent()) return finding.asNote(Reach.NO_MODEL);
        if (of.sample()) return finding.unserved("a sample of KubeRay's that runs no model");
        if (!of.modules().isEmpty() && OF_PROXIES.contains(id)) {
            Optional<String> why = why(of, id);
            if (why.isPresent()) return finding.asNote(why.get());
        }
        Part.Defined deployment = of.deployments().get(finding.textLine());
        if (deployment != null
                && !bound.contains(deployment.code())
                && !bound.contains(deployment.name())
                && id.startsWith("R")) return finding.asNote("nothing here binds it");
        if (deployment != null)
            for (Stated one : stated.getOrDefault(deployment.name(), List.of())) {
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
        for (String module : configuration.modules()) {
            Optional<Part> program = program(module, configuration.file());
            if (program.isEmpty()) return Optional.empty();
            found.add(program.get());
        }
        if (found.stream().allMatch(part -> reach.isWithoutModel(part.file().file())))
            return Optional.of(Reach.NO_MODEL);
        if (check.equals("R1.3/request-timeout") && found.stream().allMatch(Part::sockets))
            return Optional.of("what it serves are web sockets, which last");
        return Optional.empty();
    }

    /// Of several files that it may mean, the one that shares most folders with whoever names it.
    ///
    /// @param module dotted
    private Optional<Part> program(String module, Found by) {
        String path = fileOf(module);
        return programs.stream()
                .filter(part -> ("/" + part.file().inside()).endsWith(path))
                .max(Comparator.comparingInt((Part part) -> shared(part.file().inside(), by.inside()))
                        .thenComparing(part -> part.file().inside(), Comparator.reverseOrder()));
    }

    /// How many folders two paths begin with together.
    private static int shared(String a, String b) {
        String[] left = a.split("/");
        String[] right = b.split("/");
        int count = 0;
        while (count < Math.min(left.length, right.length) - 1 && left[count].equals(right[count])) count++;
        return count;
    }

    private static final Set<String> OF_PROXIES =
            Set.of("R1.2/public-bind", "R1.3/request-timeout", "R4.1/default-namespace");

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
