package dev.redoubt.serve.control;

import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How one deployment is, why, and since when; every change is logged. The controller's thread owns it.
final class Condition {
    private static final Logger LOG = LoggerFactory.getLogger(Condition.class);

    private final String application;
    private final String deployment;
    private final ControllerTools tools;
    private DeploymentState state = DeploymentState.UPDATING;
    private Trigger trigger = Trigger.CONFIG_UPDATE_STARTED;
    private String reason = "";
    private Instant since;
    private boolean byHand; // who asked for UPSCALING or DOWNSCALING

    Condition(String application, String deployment, ControllerTools tools) {
        this.application = application;
        this.deployment = deployment;
        this.tools = tools;
        this.since = tools.time().now();
    }

    void enter(DeploymentState next, Trigger why, String text) {
        enter(next, why, text, text);
    }

    /// It goes, perhaps while another of its name runs: whose replicas these were is told.
    void leaves(Trigger why, long version) {
        enter(DeploymentState.UPDATING, why, "", "the replicas of version " + version);
    }

    private void enter(DeploymentState next, Trigger why, String text, String told) {
        LOG.info("{}/{}: {} ({}) {}", application, deployment, next, why, told);
        tools.journal().entered(application, deployment, next, why, told);
        state = next;
        trigger = why;
        reason = text;
        since = tools.time().now();
    }

    /// On its way to another number of replicas.
    ///
    /// @param asked whether somebody asked for it; it scales by itself otherwise
    void scales(boolean up, boolean asked) {
        byHand = asked;
        enter(
                up ? DeploymentState.UPSCALING : DeploymentState.DOWNSCALING,
                asked ? Trigger.CONFIG_UPDATE_STARTED : Trigger.AUTOSCALING,
                "");
    }

    /// All is as wanted.
    void arrived() {
        Trigger done = switch (state) {
            case UPSCALING -> Trigger.UPSCALE_COMPLETED;
            case DOWNSCALING -> Trigger.DOWNSCALE_COMPLETED;
            default -> Trigger.CONFIG_UPDATE_COMPLETED;
        };
        enter(DeploymentState.HEALTHY, done, "");
    }

    /// What there is to say of the same state.
    void says(String text) {
        reason = text;
    }

    boolean is(DeploymentState which) {
        return state == which;
    }

    boolean scaling() {
        return is(DeploymentState.UPSCALING) || is(DeploymentState.DOWNSCALING);
    }

    boolean scaledByHand() {
        return byHand && scaling();
    }

    /// Whether it is as an application that runs has it: on its way to another number by itself counts.
    boolean runs() {
        return is(DeploymentState.HEALTHY) || (!byHand && scaling());
    }

    DeploymentState state() {
        return state;
    }

    Trigger trigger() {
        return trigger;
    }

    String reason() {
        return reason;
    }

    Instant since() {
        return since;
    }
}
