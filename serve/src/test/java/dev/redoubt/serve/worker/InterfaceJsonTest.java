package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.serve.Route.Method;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class InterfaceJsonTest {
    private static final Schema INPUT =
            new Schema.Fields(List.of(new Schema.Field("id", new Schema.Whole(1, 9), true)));

    private static final Interface FACE = new Interface(
            INPUT,
            new Schema.Text(),
            true,
            List.of(new Interface.Edge("Other", INPUT, INPUT)),
            List.of(RoutePattern.of(Method.GET, "/items/{id}"), RoutePattern.of(Method.PUT, "/items/{id}")));

    @Test
    void whatIsWrittenIsRead() throws BadFrame {
        assertThat(InterfaceJson.read(InterfaceJson.write(FACE))).isEqualTo(FACE);
    }

    @Test
    void R3_2_aRouteThatIsNoneIsRefused() {
        String good = new String(InterfaceJson.write(FACE), StandardCharsets.UTF_8);
        for (String[] change : new String[][] {
            {"\"GET\"", "\"TRACE\""},
            {"\"GET\"", "7"},
            {"/items/{id}", "/items/{other}"},
            {"/items/{id}", "/a b/{id}"},
            {"\"method\":\"GET\",", ""},
            {"\"routes\":[", "\"routes\":[7,"},
            {",\"routes\":", ",\"others\":"}
        }) {
            String bad = good.replace(change[0], change[1]);
            assertThat(bad).isNotEqualTo(good);
            assertThatThrownBy(() -> InterfaceJson.read(bad.getBytes(StandardCharsets.UTF_8)))
                    .as(bad)
                    .isInstanceOf(BadFrame.class);
        }
    }
}
