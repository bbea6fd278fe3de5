package dev.redoubt.serve.scale;

import dev.redoubt.serve.spec.Autoscaling;

/// What a decision is made from.
///
/// @param replicas how many are wanted now
/// @param ongoingMean calls in progress, running and waiting, averaged over the look-back
/// @param ongoing the same at this moment
/// @param replicasMax how many there may be: by the deployment's rules, its application's quota and the machine
/// @param rules of the deployment
public record ScalingContext(int replicas, double ongoingMean, int ongoing, int replicasMax, Autoscaling rules) {}
