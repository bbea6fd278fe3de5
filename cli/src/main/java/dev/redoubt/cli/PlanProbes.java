package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.serve.control.SpecJson;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// What a server says to applications one beyond each number of R1, R2 and R4, by asking it what a deploy would do,
/// which changes nothing; and whether those that it has keep to them.
final class PlanProbes {
    /* The class that a spec names is in no jar, so each plan has a problem for that, beside the one that is looked for. What needs an
     * application that runs, such as a graph with a cycle (R5.2), is not tried: to deploy one would take of the tenants' machine. */
    private static final String NAME = "redoubt-probe";
    private static final Resources EACH = Resources.of(0.01, 16 << 20);

    private final Context context;
    private final List<Rule> rules;

    /// @param rules how each stands in the server's configuration
    PlanProbes(Context context, List<Rule> rules) {
        this.context = context;
        this.rules = List.copyOf(rules);
    }

    List<Probe> all() {
        Autoscaling hasty = autoscaling(Duration.ofSeconds(29), Duration.ofSeconds(60));
        Autoscaling nervous = autoscaling(Duration.ofSeconds(30), Duration.ofSeconds(59));
        Autoscaling usual = Autoscaling.between(1, 2);
        return List.of(
                refused(Requirement.R1_1, "101 requests in progress in a replica", spec(EACH, 101, new Scale.Fixed(1))),
                new Probe(
                        List.of(Requirement.R2_1),
                        "asked to plan autoscaling up to 101 replicas",
                        "refused",
                        this::tooManyReplicas),
                refused(Requirement.R2_2, "a replica larger than its quota", spec(large(), 1, new Scale.Fixed(1))),
                refused(Requirement.R2_3, "autoscaling up after 29 s", spec(EACH, 50, new Scale.Automatic(hasty))),
                refused(Requirement.R2_3, "autoscaling down after 59 s", spec(EACH, 50, new Scale.Automatic(nervous))),
                refused(
                        Requirement.R2_4,
                        "51 requests in progress in a replica with autoscaling",
                        spec(EACH, 51, new Scale.Automatic(usual))),
                refused(
                        Requirement.R4_2,
                        "a quota of the whole machine",
                        new ApplicationSpec(
                                NAME,
                                "Probe",
                                Applications.machine(),
                                List.of(deployment(EACH, 1, new Scale.Fixed(1))))),
                new Probe(
                        List.of(Requirement.R2_1),
                        "counted the replicas that each deployment is to have",
                        Autoscaling.REPLICAS_MAX + " at most",
                        this::replicas));
    }

    private static Resources large() {
        return Resources.of(ApplicationSpec.DEFAULT_QUOTA.cpus() + 1, 16 << 20);
    }

    private static Autoscaling autoscaling(Duration up, Duration down) {
        Autoscaling usual = Autoscaling.between(1, 2);
        return new Autoscaling(1, 2, 1, usual.targetOngoing(), up, down, down, usual.lookBack(), 1, 1);
    }

    private static ApplicationSpec spec(Resources each, int ongoingMax, Scale scale) {
        return new ApplicationSpec(
                NAME, "Probe", ApplicationSpec.DEFAULT_QUOTA, List.of(deployment(each, ongoingMax, scale)));
    }

    private static DeploymentSpec deployment(Resources each, int ongoingMax, Scale scale) {
        return new DeploymentSpec(
                "Probe",
                new RuntimeSpec(
                        JavaRuntime.KIND,
                        Map.of("class", "none.Probe", "jar", "/nonexistent", "sha256", "0".repeat(64))),
                Isolation.PROCESS,
                each,
                ongoingMax,
                0,
                scale,
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                DeploymentSpec.NO_USER_CONFIG);
    }

    private Probe refused(Requirement rule, String what, ApplicationSpec spec) {
        return new Probe(List.of(rule), "asked to plan " + what, "refused by " + rule.id(), () -> planned(rule, spec));
    }

    private Seen planned(Requirement rule, ApplicationSpec spec) throws IOException {
        if (unreachable()) return notTried();
        if (waived(rule)) return Seen.notApplicable("not tried: its limit is waived");
        List<String> problems = new ArrayList<>();
        JsonNode plan = new AdminClient(context).post("/admin/v1/applications/plan", SpecJson.write(spec));
        for (JsonNode problem : plan.path("problems")) problems.add(problem.asString());
        return problems.stream()
                .filter(problem -> problem.startsWith(rule.id() + ":"))
                .findAny()
                .map(Seen::passed)
                .orElseGet(() -> Seen.failed("not refused by it: " + problems));
    }

    private Seen tooManyReplicas() throws IOException {
        if (unreachable()) return notTried();
        String text = SpecJson.write(spec(EACH, 50, new Scale.Automatic(Autoscaling.between(1, 100))));
        try {
            JsonNode plan = new AdminClient(context)
                    .post("/admin/v1/applications/plan", text.replace("\"replicasMax\":100", "\"replicasMax\":101"));
            return Seen.failed("it is a plan: " + plan);
        } catch (CommandFailure refused) {
            String why = String.valueOf(refused.getMessage());
            return Seen.passedIf(why.contains("replicasMax"), why);
        }
    }

    private Seen replicas() throws IOException {
        if (unreachable()) return notTried();
        int deployments = 0;
        int most = 0;
        JsonNode applications =
                new AdminClient(context).get("/admin/v1/applications").path("applications");
        for (JsonNode application : applications)
            for (JsonNode one : application.path("deployments")) {
                deployments++;
                most = Math.max(most, one.path("replicas_wanted").asInt(Integer.MAX_VALUE));
            }
        if (deployments == 0) return Seen.notApplicable("no application is deployed");
        return Seen.passedIf(most <= Autoscaling.REPLICAS_MAX, most + " at most, of " + deployments + " deployments");
    }

    private boolean waived(Requirement rule) {
        return rules.stream().anyMatch(one -> one.requirement() == rule && one.state() instanceof Rule.Waived);
    }

    private boolean unreachable() {
        return Files.notExists(context.home().adminSocket());
    }

    private static Seen notTried() {
        return Seen.notApplicable("not tried: the server is administered by a port, not by the socket of its home");
    }
}
