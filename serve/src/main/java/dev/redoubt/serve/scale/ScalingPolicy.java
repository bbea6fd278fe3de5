package dev.redoubt.serve.scale;

/// Says how many replicas there should be. What it says is kept within bounds, and held back by the delays,
/// around it.
///
/// A policy other than [OngoingPolicy] runs on a thread of its own with a time limit: a slow or broken one
/// leaves the number as it is and holds up nothing else.
public interface ScalingPolicy {
    /// @throws Exception leaves the number as it is
    int desired(ScalingContext context) throws Exception;
}
