package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import java.util.EnumSet;
import java.util.Set;

/// What a container is a part of, as far as that is somebody's who looks after it: what a manifest of Kubernetes leaves
/// to a platform, the platform does. Immutable.
///
/// @param parts what all that stands here is inside of
record Surroundings(Set<Part> parts) {
    static final Surroundings NONE = new Surroundings(Set.of());

    enum Part {
        /// A RayService.
        SERVICE,
        /// A group of pods of KubeRay, or of a LeaderWorkerSet.
        CLUSTER,
        /// A RayCluster, which runs what somebody submits to it.
        BARE,
        /// One of KubeRay's, which writes its own command into containers.
        RAY,
        /// A runtime of KServe, or a patch of Kustomize, which another file completes: arguments, limits.
        RUNTIME,
        /// What Knative or KServe runs: it probes its containers, and its gateway has TLS.
        PLATFORM,
        /// A service of Cloud Run, which also has limits by default.
        CLOUD_RUN,
        /// What runs to its end, and is not probed.
        JOB,
        /// A pod in its machine's own network.
        HOST
    }

    private static final Set<String> GROUPS = Set.of("headGroupSpec", "workerGroupSpecs");

    private static final Set<String> RESOURCES_OF_SKY =
            Set.of("accelerators", "cloud", "infra", "image_id", "use_spot", "any_of", "disk_size", "instance_type");

    /// For what stands in this mapping.
    Surroundings in(Mapping mapping) {
        Set<Part> all = EnumSet.noneOf(Part.class);
        if (mapping.entries().containsKey("serveConfigV2")) all.add(Part.SERVICE);
        if (mapping.at("restartPolicy") instanceof Scalar restart
                && Set.of("Never", "OnFailure").contains(restart.text())) all.add(Part.JOB);
        if (mapping.at("hostNetwork") instanceof Scalar host && host.text().equals("true")) all.add(Part.HOST);
        if (mapping.at("kind") instanceof Scalar kind && mapping.at("apiVersion") instanceof Scalar version)
            of(kind.text(), version.text(), mapping, all);
        else if (mapping.at("kind") instanceof Scalar kind && kind.text().endsWith("ServingRuntime"))
            all.add(Part.RUNTIME);
        return and(all);
    }

    /// For what stands in a mapping under this name.
    Surroundings under(String name) {
        if (GROUPS.contains(name)) return and(EnumSet.of(Part.CLUSTER, Part.RAY));
        return name.equals("workerTemplate") ? and(EnumSet.of(Part.CLUSTER)) : this;
    }

    private static void of(String kind, String version, Mapping mapping, Set<Part> all) {
        if (kind.endsWith("ServingRuntime")
                || kind.equals("LLMInferenceServiceConfig")
                || isPatch(kind, version, mapping)) all.add(Part.RUNTIME);
        if (kind.equals("RayCluster")) all.add(Part.BARE);
        if (kind.equals("Job") || kind.equals("CronJob") || kind.equals("RayJob")) all.add(Part.JOB);
        if (version.startsWith("serving.kserve.io/") || version.startsWith("serving.knative.dev/")) {
            all.add(Part.PLATFORM);
            if (hasAnnotation(mapping, "run.googleapis.com/")
                    || mapping.at("spec", "template") instanceof Mapping template
                            && hasAnnotation(template, "run.googleapis.com/")) all.add(Part.CLOUD_RUN);
        }
    }

    /// A workload that selects no pods is none by itself.
    private static boolean isPatch(String kind, String version, Mapping mapping) {
        return version.startsWith("apps/")
                && Set.of("Deployment", "StatefulSet", "DaemonSet").contains(kind)
                && mapping.at("spec", "selector") == null;
    }

    private static boolean hasAnnotation(Mapping object, String prefix) {
        return object.at("metadata", "annotations") instanceof Mapping annotations
                && annotations.entries().keySet().stream().anyMatch(name -> name.startsWith(prefix));
    }

    private Surroundings and(Set<Part> more) {
        if (parts.containsAll(more)) return this;
        Set<Part> all = EnumSet.copyOf(more);
        all.addAll(parts);
        return new Surroundings(all);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    /// Where a container of Kubernetes listens.
    Place place() {
        if (has(Part.PLATFORM)) return Place.PLATFORM;
        return has(Part.HOST) ? Place.MACHINE : Place.POD;
    }

    /// Of a container of Kubernetes.
    Container.Kind kind() {
        if (has(Part.RUNTIME) || has(Part.CLOUD_RUN)) return Container.Kind.RUNTIME;
        if (has(Part.JOB)) return Container.Kind.JOB;
        return has(Part.CLUSTER) || has(Part.PLATFORM) ? Container.Kind.CLUSTER : Container.Kind.KUBERNETES;
    }

    /// Whether what the commands of a document start is reached from its own machine alone, or through a platform's
    /// endpoint with TLS: a run of VESSL, a server of Truss, a service or task
    /// of dstack, whose gateway has TLS and tokens and whose tunnel ends at the caller, and a task of SkyPilot
    /// that opens no port.
    static boolean isTunnelled(YamlTree document) {
        boolean dstack = document.at("type") instanceof Scalar type
                && Set.of("service", "task", "dev-environment").contains(type.text())
                && document.at("commands") instanceof Sequence;
        boolean vessl = document.at("resources", "preset") instanceof Scalar
                && document.at("resources", "cluster") instanceof Scalar;
        boolean truss = document.at("docker_server", "start_command") != null;
        return dstack
                || vessl
                || truss
                || document.at("run") instanceof Scalar
                        && document.at("service") == null
                        && document.at("resources") instanceof Mapping resources
                        && resources.entries().keySet().stream().anyMatch(RESOURCES_OF_SKY::contains)
                        && !resources.entries().containsKey("ports");
    }
}
