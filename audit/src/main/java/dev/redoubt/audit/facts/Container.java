package dev.redoubt.audit.facts;

/// A container that serves models.
///
/// @param settings all that its manifest says
public record Container(Kind kind, String name, Settings settings, int start, int end) {
    public enum Kind {
        KUBERNETES,
        /// Of Kubernetes too, and looked after as a part of a cluster: KubeRay gives it probes where it states none,
        /// and the workers of a LeaderWorkerSet are started again with their leader.
        CLUSTER,
        /// A runtime of KServe: whoever uses it states the limits, and Knative probes it.
        RUNTIME,
        COMPOSE
    }
}
