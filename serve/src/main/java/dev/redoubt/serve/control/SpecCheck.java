package dev.redoubt.serve.control;

import dev.redoubt.base.Requirement;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Whether an application is one that could run, whatever else does: what its runtimes say of its deployments, and
/// what the check says of all together. Safe for any thread.
public final class SpecCheck {
    private final Map<String, ServantFactory> runtimes;
    private final DeployCheck check;

    /// What was found of one application.
    ///
    /// @param spec with what it had left to the deploy, and what its names stand for
    /// @param interfaces of what could be described
    /// @param problems none: it could run
    record Checked(ApplicationSpec spec, Map<String, Interface> interfaces, List<String> problems) {
        Checked {
            interfaces = Map.copyOf(interfaces);
            problems = List.copyOf(problems);
        }
    }

    /// What a deploy would say of applications, a line each.
    ///
    /// @param problems none: they could be deployed
    /// @param notes what may not be meant
    public record Findings(List<String> problems, List<String> notes) {
        public Findings {
            problems = List.copyOf(problems);
            notes = List.copyOf(notes);
        }
    }

    /// @param runtimes by kind
    public SpecCheck(Map<String, ServantFactory> runtimes, DeployCheck check) {
        this.runtimes = Map.copyOf(runtimes);
        this.check = check;
    }

    /// Why these applications could not all be deployed to a server that has no others, as a deploy would say it.
    ///
    /// @param machine all of it
    /// @param waived requirements whose limits may be exceeded
    public Findings findings(List<ApplicationSpec> applications, Resources machine, Set<Requirement> waived) {
        Admission admission = new Admission(machine, waived);
        List<String> problems = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<ApplicationSpec> before = new ArrayList<>();
        for (ApplicationSpec application : applications) {
            Checked checked = check(application);
            List<String> own = new ArrayList<>(checked.problems());
            own.addAll(admission.problems(checked.spec(), List.of(), before));
            own.forEach(problem -> problems.add("application " + application.name() + ": " + problem));
            Plan.notes(checked.spec()).forEach(note -> notes.add("application " + application.name() + ": " + note));
            before.add(checked.spec());
        }
        return new Findings(problems, notes);
    }

    /// Asks the runtimes, which may take long, and then the check.
    Checked check(ApplicationSpec spec) {
        Checked described = describe(spec);
        List<String> problems = new ArrayList<>(described.problems());
        for (DeploymentSpec deployment : spec.deployments()) isolation(deployment, problems);
        Map<String, Interface> interfaces = described.interfaces();
        if (!problems.isEmpty()) return new Checked(described.spec(), interfaces, problems);
        ApplicationSpec filled = check.filled(described.spec(), interfaces);
        return new Checked(filled, interfaces, check.problems(filled, interfaces));
    }

    /// What is said and has no effect would be believed (R4.2).
    private void isolation(DeploymentSpec spec, List<String> problems) {
        ServantFactory factory = runtimes.get(spec.runtime().kind());
        if (factory == null || factory.isolation() == spec.isolation()) return;
        problems.add("deployment '%s' has the isolation %s, replicas of the runtime '%s' have %s: say so"
                .formatted(spec.name(), spec.isolation(), spec.runtime().kind(), factory.isolation()));
    }

    /// Asks the runtimes alone.
    Checked describe(ApplicationSpec spec) {
        List<String> problems = new ArrayList<>();
        List<DeploymentSpec> pinned = new ArrayList<>();
        Map<String, Interface> interfaces = new TreeMap<>();
        for (DeploymentSpec deployment : spec.deployments()) {
            String kind = deployment.runtime().kind();
            ServantFactory factory = runtimes.get(kind);
            DeploymentSpec found = deployment;
            if (factory == null)
                problems.add("deployment '%s' has the runtime '%s': installed are %s"
                        .formatted(deployment.name(), kind, new TreeSet<>(runtimes.keySet())));
            else
                try {
                    SpecJson.userConfig(deployment.userConfig());
                    Interface face = factory.describe(deployment);
                    interfaces.put(deployment.name(), face);
                    found = factory.pinned(deployment, face);
                } catch (RuntimeRefusal e) {
                    problems.add("deployment '%s': %s".formatted(deployment.name(), e.getMessage()));
                }
            pinned.add(found);
        }
        return new Checked(spec.with(pinned), interfaces, problems);
    }
}
