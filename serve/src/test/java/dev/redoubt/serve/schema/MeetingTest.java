package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeetingTest {
    private static Schema.Field field(String name, Schema schema, boolean required) {
        return new Schema.Field(name, schema, required);
    }

    private static Schema fields(Schema.Field... fields) {
        return new Schema.Fields(List.of(fields));
    }

    private static void meet(Schema gives, Schema takes) {
        assertThat(Meeting.problem(gives, takes)).isEmpty();
    }

    private static void miss(Schema gives, Schema takes) {
        assertThat(Meeting.problem(gives, takes).orElseThrow()).startsWith("'output' is ");
    }

    private static void miss(Schema gives, Schema takes, String words) {
        assertThat(Meeting.problem(gives, takes).orElseThrow()).contains(words);
    }

    @Test
    void R5_1_whatIsGivenMustAlwaysBeTaken() {
        meet(new Schema.Whole(0, 9), new Schema.Whole(0, 10));
        miss(new Schema.Whole(0, 11), new Schema.Whole(0, 10));
        meet(new Schema.Whole(0, 9), new Schema.Real());
        miss(new Schema.Real(), new Schema.Whole(0, 9));
        miss(new Schema.Real(), new Schema.Real(0, 1));
        meet(new Schema.Choice(List.of("A")), new Schema.Choice(List.of("B", "A")));
        miss(new Schema.Choice(List.of("A", "C")), new Schema.Choice(List.of("B", "A")));
        meet(new Schema.Choice(List.of("A")), new Schema.Text());
        miss(new Schema.Text(), new Schema.Choice(List.of("A")));
        miss(new Schema.Text(), new Schema.Binary());
        miss(new Schema.Many(new Schema.Text()), new Schema.Text());
    }

    @Test
    void R5_1_boxesMeetByDtypeAndSizes() {
        meet(new Schema.Box(DType.F32, List.of(2, 3)), new Schema.Box(DType.F32, List.of(-1, 3)));
        meet(new Schema.Box(DType.F32, List.of(-1, 3)), new Schema.Box(DType.F32, List.of(-1, 3)));
        miss(new Schema.Box(DType.F32, List.of(-1, 3)), new Schema.Box(DType.F32, List.of(2, 3)));
        miss(new Schema.Box(DType.F32, List.of(3)), new Schema.Box(DType.F64, List.of(3)));
        miss(new Schema.Box(DType.F32, List.of(3)), new Schema.Box(DType.F32, List.of(3, 1)));
    }

    @Test
    void R5_1_fieldsMeetByNameAndTheMessageSaysWhere() {
        Schema text = new Schema.Text();
        Schema bool = new Schema.Bool();
        meet(fields(field("a", text, true)), fields(field("a", text, true), field("b", text, false)));
        meet(fields(field("a", text, true)), fields(field("a", text, false)));
        miss(fields(field("a", text, false)), fields(field("a", text, true)), "'a' may be left out and is required");
        miss(
                fields(field("a", text, true), field("x", text, true)),
                fields(field("a", text, true)),
                "'x' is given and not wanted");
        miss(fields(), fields(field("a", text, true)), "'a' is required and not given");
        miss(
                fields(field("a", new Schema.Many(fields(field("b", text, true))), true)),
                fields(field("a", new Schema.Many(fields(field("b", bool, true))), true)),
                "'a.*.b'");
    }
}
