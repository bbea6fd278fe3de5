package dev.redoubt.serve.schema;

import dev.redoubt.base.Check;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a value must be like, as data: it can be compared, written down, and sent to another process, where the
/// class it came from may not be. At most [#DEPTH_MAX] deep (R3.2).
public sealed interface Schema {
    /// Lists, tables and fields inside each other.
    int DEPTH_MAX = 10;

    /// Of lists, tables and fields inside each other; 0 for a single value, and for a tensor.
    default int depth() {
        return 0;
    }

    record Text() implements Schema {}

    /// Both bounds inclusive.
    record Whole(long min, long max) implements Schema {}

    /// A finite number. Both bounds inclusive.
    record Real(double min, double max) implements Schema {
        /// Any number that a double can be.
        public Real() {
            this(-Double.MAX_VALUE, Double.MAX_VALUE);
        }

        public Real {
            Check.that(
                    Double.isFinite(min) && Double.isFinite(max), "bounds of a number are finite: %s to %s", min, max);
        }
    }

    record Bool() implements Schema {}

    /// One of a closed list of texts.
    record Choice(List<String> names) implements Schema {
        public Choice {
            names = List.copyOf(names);
        }
    }

    /// Bytes; base64 in JSON.
    record Binary() implements Schema {}

    record Many(Schema item) implements Schema {
        public Many {
            depthOver(item.depth());
        }

        @Override
        public int depth() {
            return 1 + item.depth();
        }
    }

    /// Names of the caller's own, each with the same kind of value.
    record Table(Schema value) implements Schema {
        public Table {
            depthOver(value.depth());
        }

        @Override
        public int depth() {
            return 1 + value.depth();
        }
    }

    /// Numbers of one type in a row-major box.
    ///
    /// @param shape sizes, outermost first; -1 where any size will do
    record Box(DType dtype, List<Integer> shape) implements Schema {
        public static final int RANK_MAX = 8;

        public Box {
            shape = List.copyOf(shape);
            Check.inRange("rank", shape.size(), 0, RANK_MAX);
            for (int size : shape) Check.inRange("size", size, -1, Integer.MAX_VALUE);
        }
    }

    record Field(String name, Schema schema, boolean required) {}

    /// Exactly these fields, those that are not required left out or not.
    record Fields(List<Field> fields) implements Schema {
        public Fields {
            fields = List.copyOf(fields);
            Set<String> names = new HashSet<>();
            for (Field field : fields) {
                Check.that(names.add(field.name()), "two fields are called '%s'", field.name());
                depthOver(field.schema().depth());
            }
        }

        @Override
        public int depth() {
            int deepest = 0;
            for (Field field : fields)
                deepest = Math.max(deepest, field.schema().depth());
            return 1 + deepest;
        }
    }

    private static void depthOver(int inner) {
        Check.that(
                inner < DEPTH_MAX, "a schema is %s deep, limit is %s: put less into each other", inner + 1, DEPTH_MAX);
    }
}
