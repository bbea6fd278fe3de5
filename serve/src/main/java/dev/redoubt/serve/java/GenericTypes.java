package dev.redoubt.serve.java;

import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a class says for the type parameters of an interface that it, or a superclass of it, implements.
final class GenericTypes {
    private GenericTypes() {}

    /// @return empty if `type` is no subtype of `of`; an empty list if it says nothing
    static Optional<List<AnnotatedType>> arguments(Class<?> type, Class<?> of) {
        return Optional.ofNullable(search(type, Map.of(), of));
    }

    private static @Nullable List<AnnotatedType> search(
            Class<?> type, Map<TypeVariable<?>, AnnotatedType> known, Class<?> of) {
        List<AnnotatedType> above = new ArrayList<>(Arrays.asList(type.getAnnotatedInterfaces()));
        if (type.getAnnotatedSuperclass() != null) above.add(type.getAnnotatedSuperclass());
        for (AnnotatedType one : above) {
            Class<?> raw = raw(one.getType());
            if (!of.isAssignableFrom(raw)) continue;
            List<AnnotatedType> arguments = new ArrayList<>();
            if (one instanceof AnnotatedParameterizedType generic)
                for (AnnotatedType argument : generic.getAnnotatedActualTypeArguments())
                    arguments.add(said(argument, known));
            if (raw == of) return arguments;
            Map<TypeVariable<?>, AnnotatedType> inner = new HashMap<>();
            for (int i = 0; i < arguments.size(); i++) inner.put(raw.getTypeParameters()[i], arguments.get(i));
            return search(raw, inner, of);
        }
        return null;
    }

    private static AnnotatedType said(AnnotatedType argument, Map<TypeVariable<?>, AnnotatedType> known) {
        return argument.getType() instanceof TypeVariable<?> variable
                ? known.getOrDefault(variable, argument)
                : argument;
    }

    private static Class<?> raw(Type type) {
        return type instanceof ParameterizedType generic ? (Class<?>) generic.getRawType() : (Class<?>) type;
    }
}
