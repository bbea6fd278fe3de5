package dev.redoubt.serve.java;

import dev.redoubt.base.Check;
import dev.redoubt.serve.BatchHandler;
import dev.redoubt.serve.Batched;
import dev.redoubt.serve.Deployable;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.Multiplexed;
import dev.redoubt.serve.MultiplexedHandler;
import dev.redoubt.serve.Reconfigurable;
import dev.redoubt.serve.Route;
import dev.redoubt.serve.StreamingHandler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.SchemaReader;
import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is to know of a handler class before one is made: which kind it is, its types and whom it calls.
///
/// @param userConfig of a [Reconfigurable]
/// @param constructor `(Object[])Object`, takes handles
/// @param edges one for each parameter of the constructor
record HandlerClass(
        Class<?> type,
        Style style,
        Binding input,
        Binding output,
        Optional<Binding> userConfig,
        MethodHandle constructor,
        List<Edge> edges) {
    static final int BATCH_MAX = 32; // R1.4
    private static final int WAIT_MILLIS_MAX = 10_000;
    private static final int MODELS_MAX = 10_000;

    enum Style {
        UNARY(Handler.class),
        STREAMING(StreamingHandler.class),
        BATCHED(BatchHandler.class),
        MULTIPLEXED(MultiplexedHandler.class);

        private final Class<?> handler;

        Style(Class<?> handler) {
            this.handler = handler;
        }
    }

    record Edge(String target, Binding input, Binding output) {}

    HandlerClass {
        edges = List.copyOf(edges);
    }

    /// @throws IllegalArgumentException naming the class, what is wrong with it, and the way out
    static HandlerClass read(Class<?> type) {
        String name = type.getName();
        boolean concrete = !type.isInterface() && !Modifier.isAbstract(type.getModifiers());
        boolean alone = type.getEnclosingClass() == null || Modifier.isStatic(type.getModifiers());
        Check.that(concrete && alone, "%s is abstract or needs another object: make it a static final class", name);
        Style style = style(type);
        limits(type, style);
        List<AnnotatedType> types = GenericTypes.arguments(type, style.handler).orElseThrow();
        Check.that(!types.isEmpty(), "%s is a %s of no types: name them", name, style.handler.getSimpleName());
        Constructor<?> constructor = constructor(type);
        HandlerClass read = new HandlerClass(
                type,
                style,
                SchemaReader.read(types.get(0), "the input of " + name),
                SchemaReader.read(types.get(1), "the output of " + name),
                userConfig(type),
                handle(constructor),
                edges(constructor));
        read.describe(); // so that a route which does not go with the input is refused here
        return read;
    }

    private static Style style(Class<?> type) {
        List<Style> styles = new ArrayList<>();
        for (Style style : Style.values()) if (style.handler.isAssignableFrom(type)) styles.add(style);
        Check.that(
                styles.size() == 1,
                "%s implements %s of Handler, StreamingHandler, BatchHandler and MultiplexedHandler: implement one",
                type.getName(),
                styles.size());
        return styles.getFirst();
    }

    private static void limits(Class<?> type, Style style) {
        Batched batched = type.getAnnotation(Batched.class);
        annotated(type, batched, Batched.class, style == Style.BATCHED);
        if (batched != null) {
            Check.inRange(type.getName() + ": maxBatchSize", batched.maxBatchSize(), 1, BATCH_MAX);
            Check.inRange(type.getName() + ": waitMillis", batched.waitMillis(), 0, WAIT_MILLIS_MAX);
        }
        Multiplexed multiplexed = type.getAnnotation(Multiplexed.class);
        annotated(type, multiplexed, Multiplexed.class, style == Style.MULTIPLEXED);
        if (multiplexed != null) Check.inRange(type.getName() + ": maxModels", multiplexed.maxModels(), 1, MODELS_MAX);
    }

    private static void annotated(Class<?> type, @Nullable Annotation found, Class<?> annotation, boolean wanted) {
        Check.that(
                (found != null) == wanted,
                wanted ? "%s needs @%s" : "%s has @%s, which its kind of handler does not use: remove it",
                type.getName(),
                annotation.getSimpleName());
    }

    private static Optional<Binding> userConfig(Class<?> type) {
        Optional<List<AnnotatedType>> types = GenericTypes.arguments(type, Reconfigurable.class);
        if (types.isEmpty()) return Optional.empty();
        Check.that(!types.get().isEmpty(), "%s is Reconfigurable by no type: name one", type.getName());
        return Optional.of(SchemaReader.read(types.get().getFirst(), "the user configuration of " + type.getName()));
    }

    private static Constructor<?> constructor(Class<?> type) {
        Constructor<?>[] constructors = type.getConstructors();
        Check.that(
                constructors.length == 1,
                "%s has %s public constructors: give it one, of @To handles or nothing",
                type.getName(),
                constructors.length);
        return constructors[0];
    }

    private static MethodHandle handle(Constructor<?> constructor) {
        Class<?> type = constructor.getDeclaringClass();
        HandlerClass.class.getModule().addReads(type.getModule());
        MethodHandles.Lookup lookup;
        try {
            lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
        } catch (IllegalAccessException closed) {
            lookup = MethodHandles.publicLookup();
        }
        try {
            return lookup.unreflectConstructor(constructor)
                    .asSpreader(Object[].class, constructor.getParameterCount())
                    .asType(MethodType.methodType(Object.class, Object[].class));
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException(
                    "%s is closed to this program: make it public and export its package, or write 'opens %s to %s;'"
                            .formatted(
                                    type.getName(),
                                    type.getPackageName(),
                                    HandlerClass.class.getModule().getName()),
                    e);
        }
    }

    private static List<Edge> edges(Constructor<?> constructor) {
        String name = constructor.getDeclaringClass().getName();
        AnnotatedType[] types = constructor.getAnnotatedParameterTypes();
        Parameter[] parameters = constructor.getParameters();
        List<Edge> edges = new ArrayList<>();
        for (int i = 0; i < parameters.length; i++) {
            To to = parameters[i].getAnnotation(To.class);
            boolean handle = to != null
                    && parameters[i].getType() == DeploymentHandle.class
                    && types[i] instanceof AnnotatedParameterizedType;
            Check.that(
                    handle,
                    "%s takes a %s in its constructor: take @To(\"Name\") DeploymentHandle<I, O> only",
                    name,
                    parameters[i].getType().getSimpleName());
            AnnotatedType[] both = ((AnnotatedParameterizedType) types[i]).getAnnotatedActualTypeArguments();
            String whose = " of the handle to " + to.value() + " in " + name;
            edges.add(new Edge(
                    to.value(),
                    SchemaReader.read(both[0], "the input" + whose),
                    SchemaReader.read(both[1], "the output" + whose)));
        }
        return edges;
    }

    /// @throws IllegalArgumentException if a [Route] of the class does not go with its input
    Interface describe() {
        return new Interface(
                input.schema(),
                output.schema(),
                style == Style.STREAMING,
                edges.stream()
                        .map(edge -> new Interface.Edge(edge.target, edge.input.schema(), edge.output.schema()))
                        .toList(),
                Arrays.stream(type.getAnnotationsByType(Route.class))
                        .map(route -> RoutePattern.of(route.method(), route.path()))
                        .toList());
    }

    /// @param handles for [#edges], in their order
    /// @throws Exception of the constructor
    Deployable create(List<DeploymentHandle<?, ?>> handles) throws Exception {
        try {
            Object handler = constructor.invokeExact(handles.toArray());
            return (Deployable) handler;
        } catch (Exception | Error fault) {
            throw fault;
        } catch (Throwable fault) {
            throw new IllegalStateException(fault);
        }
    }
}
