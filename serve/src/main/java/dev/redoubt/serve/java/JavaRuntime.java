package dev.redoubt.serve.java;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployable;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Runs handlers written in Java in this process: the runtime of kind `java`, here for what is built into the
/// program, and in a worker process for what comes as a jar. Safe for any thread.
///
/// Each call runs on a thread that is its own meanwhile, most often a virtual one, with
/// [dev.redoubt.serve.Call#CURRENT] bound. Its end is told
/// when its deadline is there or it is cancelled, and its thread interrupted; a handler that ignores that keeps
/// its thread, its answer goes nowhere, and after a while its replica counts as sick.
public final class JavaRuntime implements ServantFactory, AutoCloseable {
    public static final String KIND = "java";

    /// How long the work of a call may go on after its end before its replica counts as sick.
    public static final Duration OVERDUE_MAX = Duration.ofSeconds(10);

    /// What handlers see of the JDK.
    public static final List<String> MODULES = List.of("java.base", "java.logging", "java.sql", "java.xml");

    private static final Pattern CLASS_NAME = Pattern.compile("[\\w.$]{1,256}");

    /// A thread of its own for each call.
    public static final CallThreads VIRTUAL =
            (name, plain, call) -> Thread.ofVirtual().name(name).start(call);

    /// Where the classes of deployments are.
    @FunctionalInterface
    public interface HandlerClasses {
        /// @throws RuntimeRefusal if there is none
        Class<?> find(DeploymentSpec spec) throws RuntimeRefusal;
    }

    private final HandlerClasses classes;
    private final TimeSource clock;
    private final Duration overdueMax;
    private final Deadlines deadlines;
    private final CallThreads threads;

    public JavaRuntime(HandlerClasses classes, TimeSource clock) {
        this(classes, clock, OVERDUE_MAX, VIRTUAL);
    }

    /// @param overdueMax instead of [#OVERDUE_MAX]
    /// @param threads instead of a virtual one for each call
    public JavaRuntime(HandlerClasses classes, TimeSource clock, Duration overdueMax, CallThreads threads) {
        this.threads = threads;
        this.classes = classes;
        this.clock = clock;
        this.overdueMax = overdueMax;
        this.deadlines = new Deadlines(clock);
    }

    @Override
    public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
        HandlerClass handler = read(spec);
        JsonNode config = parse(spec);
        if (handler.userConfig().isPresent()) {
            try {
                SchemaCheck.checkUserConfig(handler.userConfig().get().schema(), config);
            } catch (ServeException refused) {
                throw new RuntimeRefusal(spec.name() + ": user configuration: " + refused.getMessage(), refused);
            }
        } else if (!config.isEmpty())
            throw new RuntimeRefusal(spec.name() + " has a user configuration, and "
                    + handler.type().getName() + " takes none: remove it, or implement Reconfigurable");
        return handler.describe();
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        HandlerClass type = read(spec);
        String place = application + "/" + spec.name();
        List<DeploymentHandle<?, ?>> handles = new ArrayList<>();
        for (HandlerClass.Edge edge : type.edges())
            handles.add(RoutedHandle.of(new RoutedHandle.Route(edge, outgoing, clock, place, Call::current)));
        Deployable handler;
        try {
            handler = type.create(handles);
        } catch (Exception | LinkageError fault) {
            Faults.print(fault);
            throw new RuntimeRefusal(
                    place + " does not start, its constructor throws " + Faults.told(fault)
                            + ": its output has the whole trace",
                    fault);
        }
        return new JavaServant(
                new JavaServant.Place(place, replicaId),
                type,
                handler,
                spec.timeouts().call(),
                overdueMax,
                deadlines,
                threads);
    }

    private HandlerClass read(DeploymentSpec spec) throws RuntimeRefusal {
        Class<?> type = classes.find(spec);
        try {
            return HandlerClass.read(type);
        } catch (IllegalArgumentException e) {
            throw new RuntimeRefusal(spec.name() + ": " + e.getMessage(), e);
        } catch (LinkageError | TypeNotPresentException e) { // a jar that lacks what it names
            throw new RuntimeRefusal(spec.name() + ": " + unlinked(type, e), e);
        }
    }

    private static String unlinked(Class<?> type, Throwable fault) {
        String missing = fault instanceof TypeNotPresentException absent
                ? absent.typeName()
                : String.valueOf(fault.getMessage()).replace('/', '.');
        boolean named = !(fault instanceof LinkageError) || fault instanceof NoClassDefFoundError;
        if (!named || !CLASS_NAME.matcher(missing).matches())
            return type.getName() + " cannot be linked: " + Faults.told(fault);
        return type.getName() + " needs the class " + missing
                + ", which is not in its jar, and of the JDK handlers see " + String.join(", ", MODULES)
                + " alone: put it into the jar";
    }

    private static JsonNode parse(DeploymentSpec spec) throws RuntimeRefusal {
        try {
            return new StrictJson(JsonLimits.REQUEST).parse(spec.userConfig().getBytes(StandardCharsets.UTF_8));
        } catch (JsonRefusal e) {
            throw new RuntimeRefusal(spec.name() + ": user configuration: " + e.getMessage(), e);
        }
    }

    /// Servants must be closed already.
    @Override
    public void close() {
        deadlines.close();
    }
}
