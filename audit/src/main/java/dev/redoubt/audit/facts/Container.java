package dev.redoubt.audit.facts;

/// A container that serves models.
///
/// @param settings all that its manifest says
public record Container(Kind kind, String name, Settings settings, int start, int end) {
    public enum Kind {
        KUBERNETES,
        /// Of Kubernetes too, and looked after as a part of a cluster: KubeRay gives it probes where it states none,
        /// the workers of a LeaderWorkerSet are started again with their leader, and Knative and KServe probe
        /// what they run.
        CLUSTER,
        /// A runtime of KServe: whoever uses it states the limits, and Knative probes it. So is what Cloud Run
        /// runs, which has both by default.
        RUNTIME,
        /// Of Kubernetes, and runs to its end: nothing probes it.
        JOB,
        COMPOSE
    }
}
