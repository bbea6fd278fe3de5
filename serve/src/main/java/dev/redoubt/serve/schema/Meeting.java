package dev.redoubt.serve.schema;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether types meet (R5.1): each value that one schema allows is allowed by the other.
public final class Meeting {
    private Meeting() {}

    /// @param gives what comes out of one end
    /// @param takes what the other end wants
    /// @return where they do not meet and why; empty if they do
    public static Optional<String> problem(Schema gives, Schema takes) {
        return Optional.ofNullable(problem(gives, takes, FieldPath.OUTPUT));
    }

    private static @Nullable String problem(Schema gives, Schema takes, FieldPath at) {
        if (takes instanceof Schema.Fields wanted && gives instanceof Schema.Fields given)
            return fields(given, wanted, at);
        if (takes instanceof Schema.Many wanted && gives instanceof Schema.Many given)
            return problem(given.item(), wanted.item(), at.field("*"));
        if (takes instanceof Schema.Table wanted && gives instanceof Schema.Table given)
            return problem(given.value(), wanted.value(), at.field("*"));
        return meets(gives, takes) ? null : "'" + at + "' is " + gives + ", wanted is " + takes;
    }

    private static boolean meets(Schema gives, Schema takes) {
        return switch (takes) {
            case Schema.Text() -> gives instanceof Schema.Text || gives instanceof Schema.Choice;
            case Schema.Bool() -> gives instanceof Schema.Bool;
            case Schema.Binary() -> gives instanceof Schema.Binary;
            case Schema.Whole wanted ->
                gives instanceof Schema.Whole given && given.min() >= wanted.min() && given.max() <= wanted.max();
            case Schema.Real wanted ->
                (gives instanceof Schema.Real real && real.min() >= wanted.min() && real.max() <= wanted.max())
                        || (gives instanceof Schema.Whole whole
                                && whole.min() >= wanted.min()
                                && whole.max() <= wanted.max());
            case Schema.Choice wanted ->
                gives instanceof Schema.Choice given && wanted.names().containsAll(given.names());
            case Schema.Box wanted ->
                gives instanceof Schema.Box given
                        && given.dtype() == wanted.dtype()
                        && Tensor.fits(given.shape(), wanted.shape());
            case Schema.Many ignored -> false;
            case Schema.Table ignored -> false;
            case Schema.Fields ignored -> false;
        };
    }

    private static @Nullable String fields(Schema.Fields given, Schema.Fields wanted, FieldPath at) {
        for (Schema.Field field : given.fields()) {
            Schema.Field other = find(wanted, field.name());
            if (other == null) return "'" + at.field(field.name()) + "' is given and not wanted";
            if (other.required() && !field.required())
                return "'" + at.field(field.name()) + "' may be left out and is required";
            String problem = problem(field.schema(), other.schema(), at.field(field.name()));
            if (problem != null) return problem;
        }
        for (Schema.Field field : wanted.fields())
            if (field.required() && find(given, field.name()) == null)
                return "'" + at.field(field.name()) + "' is required and not given";
        return null;
    }

    private static Schema.@Nullable Field find(Schema.Fields fields, String name) {
        for (Schema.Field field : fields.fields()) if (field.name().equals(name)) return field;
        return null;
    }
}
