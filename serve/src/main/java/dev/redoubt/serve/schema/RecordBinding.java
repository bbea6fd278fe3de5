package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A record: made by its canonical constructor, taken apart by its accessors.
final class RecordBinding extends Binding {
    /// @param accessor `(Object)Object`
    /// @param optional whether its type is `Optional` of what `inner` binds
    record Component(String name, MethodHandle accessor, Binding inner, boolean optional) {}

    private final Class<?> type;
    private final MethodHandle constructor; // (Object[])Object
    private final List<Component> components;

    RecordBinding(Class<?> type, MethodHandle constructor, List<Component> components) {
        super(
                type,
                new Schema.Fields(components.stream()
                        .map(one -> new Schema.Field(one.name, one.inner.schema(), !one.optional))
                        .toList()));
        this.type = type;
        this.constructor = constructor;
        this.components = List.copyOf(components);
    }

    @Override
    Object read(JsonNode node, FieldPath at) {
        Object[] arguments = new Object[components.size()];
        for (int i = 0; i < arguments.length; i++) {
            Component component = components.get(i);
            JsonNode field = node.get(component.name);
            if (!component.optional)
                arguments[i] = component.inner.read(Objects.requireNonNull(field), at.field(component.name));
            else if (field == null || field.isNull()) arguments[i] = Optional.empty();
            else arguments[i] = Optional.of(component.inner.read(field, at.field(component.name)));
        }
        try {
            return constructor.invokeExact(arguments);
        } catch (IllegalArgumentException refused) { // the record's own check; its words are not for callers
            if (at.isOperators()) throw refused;
            throw ServeException.ofField(ErrorCode.VALUE_REFUSED, at.toString(), at);
        } catch (RuntimeException | Error fault) {
            throw fault;
        } catch (Throwable fault) {
            throw new IllegalStateException(fault);
        }
    }

    @Override
    public JsonNode write(Object value) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        for (Component component : components) {
            Object inner = get(component, value);
            if (component.optional) {
                Optional<?> optional = (Optional<?>) inner;
                if (optional.isEmpty()) continue;
                inner = optional.get();
            }
            node.set(component.name, component.inner.write(inner));
        }
        return node;
    }

    @Override
    void verify(Object value, FieldPath at) {
        if (!type.isInstance(value)) throw new BrokenValue(at, "is null or of another class");
        for (Component component : components) {
            Object inner = get(component, value);
            FieldPath field = at.field(component.name);
            if (component.optional) {
                if (!(inner instanceof Optional<?> optional)) throw new BrokenValue(field, "is null");
                if (optional.isEmpty()) continue;
                inner = optional.get();
            }
            component.inner.verify(inner, field);
        }
    }

    private static Object get(Component component, Object value) {
        try {
            return component.accessor.invokeExact(value);
        } catch (RuntimeException | Error fault) {
            throw fault;
        } catch (Throwable fault) {
            throw new IllegalStateException(fault);
        }
    }
}
