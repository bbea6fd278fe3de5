package dev.redoubt.serve.schema;

import dev.redoubt.base.Check;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a value must be like, as data: it can be compared, written down, and sent to another process, where the
/// class
/// it came
/// from may not be.
public sealed interface Schema {
    record Text() implements Schema {}

    /// Both bounds inclusive.
    record Whole(long min, long max) implements Schema {}

    /// A finite number.
    record Real() implements Schema {}

    record Bool() implements Schema {}

    /// One of a closed list of texts.
    record Choice(List<String> names) implements Schema {
        public Choice {
            names = List.copyOf(names);
        }
    }

    /// Bytes; base64 in JSON.
    record Binary() implements Schema {}

    record Many(Schema item) implements Schema {}

    /// Names of the caller's own, each with the same kind of value.
    record Table(Schema value) implements Schema {}

    /// Numbers of one type in a row-major box.
    ///
    /// @param shape sizes, outermost first; -1 where any size will do
    record Box(DType dtype, List<Integer> shape) implements Schema {
        public Box {
            shape = List.copyOf(shape);
            Check.inRange("rank", shape.size(), 0, 8);
        }
    }

    record Field(String name, Schema schema, boolean required) {}

    /// Exactly these fields, those that are not required left out or not.
    record Fields(List<Field> fields) implements Schema {
        public Fields {
            fields = List.copyOf(fields);
            Set<String> names = new HashSet<>();
            for (Field field : fields) Check.that(names.add(field.name()), "two fields are called '%s'", field.name());
        }
    }
}
