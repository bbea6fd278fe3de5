package dev.redoubt.serve.scale;

/// As many replicas as bring the mean of ongoing calls in each to its target.
public final class OngoingPolicy implements ScalingPolicy {
    private static final double ROUNDING = 1e-9; // 0.3 / 0.1 is three

    @Override
    public int desired(ScalingContext context) {
        int replicas = context.replicas();
        double raw = context.ongoingMean() / context.rules().targetOngoing();
        if (replicas == 0) return context.ongoing() > 0 ? 1 : 0; // a factor on zero is zero
        double factor = raw >= replicas
                ? context.rules().upscalingFactor()
                : context.rules().downscalingFactor();
        int scaled = (int) Math.ceil(replicas + factor * (raw - replicas) - ROUNDING);
        boolean stuck = scaled == replicas && Math.ceil(raw - ROUNDING) < replicas; // rounded up for ever
        return stuck ? scaled - 1 : scaled;
    }
}
