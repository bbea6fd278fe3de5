package dev.redoubt.serve.schema;

import java.io.Serial;

/// A value of a deployment's own that breaks the schema of the deployment. The message names where, in field
/// names of the schema, and nothing of the value.
public final class BrokenValue extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    BrokenValue(FieldPath at, String problem) {
        this("'" + at + "' " + problem);
    }

    private BrokenValue(String problem) {
        super(problem);
    }

    /// @param outputs so many
    /// @param inputs and as many as there must be
    public static BrokenValue ofBatch(int outputs, int inputs) {
        return new BrokenValue(
                outputs + " outputs for a batch of " + inputs + ": a BatchHandler gives one for each input");
    }
}
