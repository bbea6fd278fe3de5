package dev.redoubt.audit.facts;

/// A container that serves models.
///
/// @param settings all that its manifest says
public record Container(Kind kind, String name, Settings settings, int start, int end) {
    public enum Kind {
        KUBERNETES,
        /// Of a cluster that KubeRay runs, which gives it probes where it states none.
        KUBERAY,
        COMPOSE
    }
}
