package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Replicas of the installed runtimes. Each thing that is done to one has a thread of its own, since what runs
/// there is not ours and may hang; there are three for a replica at most, since the controller asks for one
/// thing at a time.
final class ThreadedDriver implements ReplicaDriver {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadedDriver.class);

    private final Map<String, ServantFactory> factories;
    private final Consumer<ReplicaEvent> events;
    private final Map<String, Running> running = new ConcurrentHashMap<>(); // by replica id

    /// Fields are guarded by it.
    private static final class Running {
        @Nullable
        Servant servant;

        @Nullable
        Thread starter;

        boolean stopping;
    }

    ThreadedDriver(Map<String, ServantFactory> factories, Consumer<ReplicaEvent> events) {
        this.factories = Map.copyOf(factories);
        this.events = events;
    }

    @Override
    public void start(String replicaId, String application, DeploymentSpec spec, Outgoing outgoing) {
        Running replica = new Running();
        running.put(replicaId, replica);
        Thread starter = thread("start", replicaId, () -> startNow(replicaId, replica, application, spec, outgoing));
        synchronized (replica) {
            replica.starter = starter;
        }
        starter.start();
    }

    private void startNow(
            String replicaId, Running replica, String application, DeploymentSpec spec, Outgoing outgoing) {
        Servant servant = null;
        ReplicaEvent event;
        try {
            ServantFactory factory = factories.get(spec.runtime().kind());
            if (factory == null)
                throw new RuntimeRefusal("no runtime '" + spec.runtime().kind() + "' is installed");
            var face = factory.describe(spec);
            servant = factory.start(application, spec, replicaId, outgoing);
            if (!spec.userConfig().equals(DeploymentSpec.NO_USER_CONFIG))
                servant.reconfigure(SpecJson.userConfig(spec.userConfig()));
            servant.healthCheck();
            event = new ReplicaEvent.Started(replicaId, face, servant);
        } catch (Exception | LinkageError e) {
            event = new ReplicaEvent.StartFailed(replicaId, reason(e));
        }
        finishStart(replicaId, replica, servant, event);
    }

    private void finishStart(String replicaId, Running replica, @Nullable Servant servant, ReplicaEvent event) {
        boolean started = event instanceof ReplicaEvent.Started;
        boolean stopping;
        synchronized (replica) {
            stopping = replica.stopping;
            replica.starter = null;
            if (started && !stopping) replica.servant = servant;
        }
        if (servant != null && (!started || stopping)) close(replicaId, servant);
        if (!started || stopping) running.remove(replicaId);
        events.accept(stopping ? new ReplicaEvent.Stopped(replicaId) : event);
        if (started && !stopping && servant != null)
            servant.whenLost(how -> events.accept(new ReplicaEvent.Probed(replicaId, Optional.of(how), true)));
    }

    private static boolean lost(@Nullable Throwable failure) {
        return failure instanceof ServeException known && known.code() == ErrorCode.REPLICA_LOST;
    }

    @Override
    public void probe(String replicaId) {
        with(replicaId, "probe", servant -> {
            try {
                servant.healthCheck();
                return new ReplicaEvent.Probed(replicaId, Optional.empty(), false);
            } catch (Exception | LinkageError e) {
                boolean lost = lost(e) || lost(e.getCause());
                return new ReplicaEvent.Probed(replicaId, Optional.of(reason(e)), lost);
            }
        });
    }

    @Override
    public void reconfigure(String replicaId, String userConfig) {
        with(replicaId, "reconfigure", servant -> {
            try {
                servant.reconfigure(SpecJson.userConfig(userConfig));
                return new ReplicaEvent.Reconfigured(replicaId, Optional.empty());
            } catch (Exception | LinkageError e) {
                return new ReplicaEvent.Reconfigured(replicaId, Optional.of(reason(e)));
            }
        });
    }

    @Override
    public void stop(String replicaId) {
        Running replica = running.get(replicaId);
        if (replica == null) { // it has not started, and says so
            events.accept(new ReplicaEvent.Stopped(replicaId));
            return;
        }
        Servant servant;
        synchronized (replica) {
            if (replica.stopping) return;
            replica.stopping = true;
            servant = replica.servant;
            if (replica.starter != null) replica.starter.interrupt();
        }
        if (servant == null) return; // the starter stops it
        thread("stop", replicaId, () -> {
                    close(replicaId, servant);
                    running.remove(replicaId);
                    events.accept(new ReplicaEvent.Stopped(replicaId));
                })
                .start();
    }

    /// Stops all that the controller has not stopped, and does not wait for it.
    @Override
    public void close() {
        running.keySet().forEach(this::stop);
    }

    private interface Question {
        ReplicaEvent ask(Servant servant);
    }

    private void with(String replicaId, String what, Question question) {
        Running replica = running.get(replicaId);
        if (replica == null) return; // it is being stopped, and that is told
        Servant servant;
        synchronized (replica) {
            servant = replica.servant;
        }
        if (servant == null) return;
        thread(what, replicaId, () -> {
                    ReplicaEvent answer = question.ask(servant);
                    synchronized (replica) {
                        if (replica.stopping) return;
                    }
                    events.accept(answer);
                })
                .start();
    }

    private static void close(String replicaId, Servant servant) {
        try {
            servant.close();
        } catch (RuntimeException e) {
            LOG.warn("replica {} has not closed well: {}", replicaId, reason(e));
        }
    }

    private static Thread thread(String what, String replicaId, Runnable work) {
        return Thread.ofPlatform()
                .daemon()
                .name("replica-" + what + "-" + replicaId)
                .unstarted(work);
    }

    /// For operators: a refusal's own words, which hold nothing of a request; of anything else the class.
    private static String reason(Throwable e) {
        return e instanceof RuntimeRefusal || e instanceof ServeException
                ? String.valueOf(e.getMessage())
                : e.getClass().getName();
    }
}
