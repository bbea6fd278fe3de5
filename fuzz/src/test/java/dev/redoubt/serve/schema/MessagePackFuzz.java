package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// A body in MessagePack becomes a value of the schema or an error of the closed table (R3.2, R3.4), and a value
/// that is written is read as it was.
public final class MessagePackFuzz {
    private static final Schema SCHEMA = new Schema.Fields(List.of(
            new Schema.Field("text", new Schema.Text(), true),
            new Schema.Field("whole", new Schema.Whole(-1000, 1000), false),
            new Schema.Field("real", new Schema.Real(), false),
            new Schema.Field("bytes", new Schema.Binary(), false),
            new Schema.Field("list", new Schema.Many(new Schema.Bool()), false),
            new Schema.Field("table", new Schema.Table(new Schema.Choice(List.of("on", "off"))), false),
            new Schema.Field("box", new Schema.Box(DType.F32, List.of(-1, 2)), false)));

    private MessagePackFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        JsonNode value;
        try {
            value = MessagePackBody.read(input, SCHEMA);
            SchemaCheck.check(SCHEMA, value);
        } catch (ServeException refused) {
            if (refused.code() == ErrorCode.INTERNAL) throw refused;
            return;
        }
        byte[] written = MessagePackBody.write(value);
        JsonNode again = MessagePackBody.read(written, SCHEMA);
        SchemaCheck.check(SCHEMA, again);
        if (!Arrays.equals(written, MessagePackBody.write(again)))
            throw new IllegalStateException("what was written is read as something else");
    }
}
