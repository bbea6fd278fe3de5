package dev.redoubt.serve.schema;

import dev.redoubt.base.Check;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Java types as schemas. Taken are `String`, `int`, `long`, `float`, `double`, `boolean` and their boxes,
/// enums (by the names of their constants), `byte[]`, [Tensor] with [Shape], `List<T>`, `Map<String, T>`, and
/// records of these, whose components may be `Optional<T>`. Nothing else is: no interface and no class that
/// data could choose an implementation of, no type variable, no record that holds itself (R3.3).
public final class SchemaReader {
    private static final String TAKEN = "use a record, String, int, long, float, double, boolean, an enum, byte[], "
            + "a Tensor with @Shape, List<T> or Map<String, T>";

    private final String root;
    private final Deque<Class<?>> within = new ArrayDeque<>(); // the records around the one that is read

    private SchemaReader(String root) {
        this.root = root;
    }

    /// @param whose what the type is, for the message: `the input of Summarizer`
    /// @throws IllegalArgumentException naming the class, the component and the way out
    public static Binding read(AnnotatedType type, String whose) {
        return new SchemaReader(whose).read(type, whose, 0);
    }

    private Binding read(AnnotatedType annotated, String at, int depth) {
        Check.that(
                depth <= Schema.DEPTH_MAX,
                "%s: %s is over %s levels deep: put less into each other",
                root,
                at,
                Schema.DEPTH_MAX);
        if (annotated instanceof AnnotatedParameterizedType generic) return generic(generic, at, depth);
        Check.that(
                annotated.getType() instanceof Class<?>,
                "%s: %s is the type variable or array '%s': %s",
                root,
                at,
                annotated.getType().getTypeName(),
                TAKEN);
        Class<?> type = (Class<?>) annotated.getType();
        if (type == Tensor.class) return tensor(annotated, at);
        Binding scalar = ScalarBinding.of(type);
        if (scalar != null) return scalar;
        Check.that(type.isRecord(), "%s: %s is of %s, which has no schema: %s", root, at, type.getName(), TAKEN);
        return record(type, at, depth);
    }

    private Binding tensor(AnnotatedType annotated, String at) {
        Shape shape = annotated.getAnnotation(Shape.class);
        Check.that(
                shape != null,
                "%s: %s is a Tensor of any shape: write @Shape(dtype = DType.F32, sizes = {-1, 3}) before its type",
                root,
                at);
        List<Integer> sizes = Arrays.stream(shape.sizes()).boxed().toList();
        return new TensorBinding(new Schema.Box(shape.dtype(), sizes));
    }

    private Binding generic(AnnotatedParameterizedType annotated, String at, int depth) {
        Class<?> raw = (Class<?>) ((ParameterizedType) annotated.getType()).getRawType();
        AnnotatedType[] arguments = annotated.getAnnotatedActualTypeArguments();
        if (raw == List.class)
            return new ListBinding(annotated.getType(), read(arguments[0], "an item of " + at, depth + 1));
        if (raw == Map.class) {
            Check.that(
                    arguments[0].getType() == String.class,
                    "%s: %s has names of %s: use Map<String, T>",
                    root,
                    at,
                    arguments[0].getType().getTypeName());
            return new MapBinding(annotated.getType(), read(arguments[1], "a value of " + at, depth + 1));
        }
        Check.that(
                raw != Optional.class,
                "%s: %s is Optional, which only a record's component may be: %s",
                root,
                at,
                TAKEN);
        throw new IllegalArgumentException("%s: %s is of %s, which has no schema: %s"
                .formatted(root, at, annotated.getType().getTypeName(), TAKEN));
    }

    private Binding record(Class<?> type, String at, int depth) {
        Check.that(
                !within.contains(type),
                "%s: %s is %s, which holds itself: data of any depth has no schema, give a list of ids",
                root,
                at,
                type.getName());
        Check.that(
                type.getTypeParameters().length == 0,
                "%s: %s is the generic record %s: write a record for each type it is used with",
                root,
                at,
                type.getName());
        within.push(type);
        MethodHandles.Lookup lookup = lookup(type);
        List<RecordBinding.Component> components = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents())
            components.add(component(type, component, lookup, depth));
        within.pop();
        return new RecordBinding(type, constructor(type, lookup), components);
    }

    private RecordBinding.Component component(
            Class<?> type, RecordComponent component, MethodHandles.Lookup lookup, int depth) {
        String at = type.getSimpleName() + "." + component.getName();
        AnnotatedType of = component.getAnnotatedType();
        boolean optional = component.getType() == Optional.class;
        if (optional) {
            Check.that(of instanceof AnnotatedParameterizedType, "%s: %s is Optional of nothing", root, at);
            of = ((AnnotatedParameterizedType) of).getAnnotatedActualTypeArguments()[0];
        }
        Binding inner = read(of, at, depth + 1);
        try {
            MethodHandle accessor =
                    lookup.unreflect(component.getAccessor()).asType(MethodType.methodType(Object.class, Object.class));
            return new RecordBinding.Component(component.getName(), accessor, inner, optional);
        } catch (IllegalAccessException e) {
            throw closed(type, e);
        }
    }

    private MethodHandle constructor(Class<?> type, MethodHandles.Lookup lookup) {
        Class<?>[] parameters = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            Constructor<?> canonical = type.getDeclaredConstructor(parameters);
            return lookup.unreflectConstructor(canonical)
                    .asSpreader(Object[].class, parameters.length)
                    .asType(MethodType.methodType(Object.class, Object[].class));
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("a record without its constructor: " + type.getName(), e);
        } catch (IllegalAccessException e) {
            throw closed(type, e);
        }
    }

    /// As its package is opened to this module, or else as everybody sees it.
    private static MethodHandles.Lookup lookup(Class<?> type) {
        SchemaReader.class.getModule().addReads(type.getModule());
        try {
            return MethodHandles.privateLookupIn(type, MethodHandles.lookup());
        } catch (IllegalAccessException closed) {
            return MethodHandles.publicLookup();
        }
    }

    private IllegalArgumentException closed(Class<?> type, IllegalAccessException cause) {
        return new IllegalArgumentException(
                ("%s: %s is closed to this program: make it public and write 'exports %s;' or 'opens %s to %s;' in the"
                                + " module-info of %s")
                        .formatted(
                                root,
                                type.getName(),
                                type.getPackageName(),
                                type.getPackageName(),
                                SchemaReader.class.getModule().getName(),
                                type.getModule()),
                cause);
    }
}
