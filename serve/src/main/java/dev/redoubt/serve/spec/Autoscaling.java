package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.time.Duration;

/// Between how many replicas, by how many calls in progress, and how hastily (R2).
///
/// @param replicasMin 0 to `replicasMax`; 0 stops the last replica when nothing is to do
/// @param replicasMax at most 100 (R2.1)
/// @param replicasInitial where it begins, `replicasMin` to `replicasMax`
/// @param targetOngoing calls in progress, running and waiting, for each replica
/// @param upscaleDelay for how long more must be wanted; from 0 at once (R2.3)
/// @param downscaleDelay for how long less must be wanted
/// @param downscaleToZeroDelay the same for the last one
/// @param lookBack over how long calls in progress are averaged
/// @param upscalingFactor how much of the way up is gone in one decision, over 0
/// @param downscalingFactor how much of the way down
public record Autoscaling(
        int replicasMin,
        int replicasMax,
        int replicasInitial,
        double targetOngoing,
        Duration upscaleDelay,
        Duration downscaleDelay,
        Duration downscaleToZeroDelay,
        Duration lookBack,
        double upscalingFactor,
        double downscalingFactor) {
    public static final int REPLICAS_MAX = 100;
    public static final int DEFAULT_REPLICAS_MAX = 10;
    /// Of one replica at once (R2.4).
    public static final int ONGOING_MAX = 50;

    public static final double TARGET_ONGOING = 10;
    public static final Duration UPSCALE_DELAY = Duration.ofSeconds(30);
    public static final Duration DOWNSCALE_DELAY = Duration.ofMinutes(10);
    public static final Duration DOWNSCALE_DELAY_MIN = Duration.ofSeconds(60);
    public static final Duration LOOK_BACK = Duration.ofSeconds(30);
    public static final Autoscaling DEFAULT = between(1, DEFAULT_REPLICAS_MAX);

    public Autoscaling {
        Check.inRange("replicasMax", replicasMax, 1, REPLICAS_MAX);
        Check.inRange("replicasMin", replicasMin, 0, replicasMax);
        Check.inRange("replicasInitial", replicasInitial, replicasMin, replicasMax);
        Check.inRange("targetOngoing", targetOngoing, 0.01, 1_000_000);
        Check.inRange("upscalingFactor", upscalingFactor, 0.01, 100);
        Check.inRange("downscalingFactor", downscalingFactor, 0.01, 100);
        Check.positive("lookBack", lookBack.toNanos());
        Check.that(!upscaleDelay.isNegative(), "upscaleDelay is negative: %s", upscaleDelay);
        Check.that(!downscaleDelay.isNegative(), "downscaleDelay is negative: %s", downscaleDelay);
        Check.that(!downscaleToZeroDelay.isNegative(), "downscaleToZeroDelay is negative: %s", downscaleToZeroDelay);
    }

    /// With everything else at its default.
    public static Autoscaling between(int replicasMin, int replicasMax) {
        return new Autoscaling(
                replicasMin,
                replicasMax,
                replicasMin,
                TARGET_ONGOING,
                UPSCALE_DELAY,
                DOWNSCALE_DELAY,
                DOWNSCALE_DELAY,
                LOOK_BACK,
                1,
                1);
    }
}
