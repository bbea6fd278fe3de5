package dev.redoubt.serve.replica;

import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.util.Optional;

/// Makes the servants of one kind of runtime ([dev.redoubt.serve.spec.RuntimeSpec#kind]).
public interface ServantFactory {
    /// What deployments of this spec take, give and call, without starting one.
    ///
    /// @throws RuntimeRefusal if there is no such thing: a jar with another digest, a missing model, a class
    ///     that is no handler
    Interface describe(DeploymentSpec spec) throws RuntimeRefusal;

    /// The same spec with what its names stand for now: a version stays what was deployed, whatever they stand for
    /// later.
    ///
    /// @param face what [#describe] has said of it
    default DeploymentSpec pinned(DeploymentSpec spec, Interface face) {
        return spec;
    }

    /// The name of the language model that replicas of this spec are, if they are one: what is known of them where
    /// nothing more can be said.
    default Optional<String> languageModel(DeploymentSpec spec) {
        return Optional.empty();
    }

    /// Where its replicas run, whatever a spec says.
    default Isolation isolation() {
        return Isolation.THREAD;
    }

    /// The file of such a deployment, where it is made of one whose digest its settings state.
    default Optional<Artifact> artifact(RuntimeSpec runtime) {
        return Optional.empty();
    }

    /// Starts one and waits until it can take calls; on a thread that may wait.
    ///
    /// @param replicaId unique, for names of threads, folders and logs
    /// @param outgoing what it calls
    /// @throws RuntimeRefusal if it does not start
    Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing) throws RuntimeRefusal;
}
