package dev.redoubt.serve.control;

import dev.redoubt.serve.route.RouterLoad;
import dev.redoubt.serve.scale.Autoscaler;
import dev.redoubt.serve.scale.ScalingContext;
import dev.redoubt.serve.spec.Scale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How many replicas a deployment is to have: a fixed number, or what its calls ask for. The controller's thread
/// owns it.
final class ReplicaNumber {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaNumber.class);

    private final String name; // application and deployment
    private final PolicyRunner policy;
    private Optional<Autoscaler> autoscaler = Optional.empty();
    private Scale scale;
    private int wanted;

    /// @param atFirst so many at first, if it scales by itself and the first wish is for fewer
    ReplicaNumber(String name, PolicyRunner policy, Scale first, int atFirst) {
        this.name = name;
        this.policy = policy;
        this.scale = first;
        adopt(first);
        if (first instanceof Scale.Automatic(var rules))
            wanted = Math.min(Math.max(rules.replicasInitial(), atFirst), rules.replicasMax());
    }

    void adopt(Scale next) {
        scale = next;
        switch (next) {
            case Scale.Fixed(int replicas) -> {
                wanted = replicas;
                autoscaler = Optional.empty();
            }
            case Scale.Automatic(var rules) -> {
                if (autoscaler.isEmpty() || !autoscaler.get().rules().equals(rules)) {
                    wanted = Math.min(Math.max(wanted, rules.replicasMin()), rules.replicasMax());
                    autoscaler = Optional.of(new Autoscaler(rules));
                }
            }
        }
    }

    /// Goes by calls; a fixed number stays.
    ///
    /// @param room for how many there is
    /// @return whether it is another now
    boolean follow(long now, RouterLoad load, int room) {
        if (autoscaler.isEmpty()) return false;
        ScalingContext context = autoscaler.get().observe(now, load.ongoingSeconds(), load.ongoing(), wanted, room);
        int next = autoscaler.get().decide(now, context, policy.desired(now, context));
        if (next == wanted) return false;
        LOG.info(
                "{}: {} replicas instead of {}, for {} ongoing calls of {} each",
                name,
                next,
                wanted,
                Math.round(context.ongoingMean()),
                context.rules().targetOngoing());
        wanted = next;
        return true;
    }

    /// There are no calls yet to go by: as many as it has been told, if there is room.
    void fit(int room) {
        if (autoscaler.isEmpty()) return;
        int least = Math.min(wanted, Admission.replicasMin(scale));
        wanted = Math.max(least, Math.min(wanted, room));
    }

    void none() {
        wanted = 0;
    }

    int wanted() {
        return wanted;
    }
}
