package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class SpecSchemaTest {
    @Test
    void everyFieldOfASpecIsThereAndNoOther() {
        JsonNode schema = SpecSchema.ofApplication();
        assertThat(schema.path("required").toString()).isEqualTo("[\"name\",\"ingress\",\"quota\",\"deployments\"]");
        assertThat(schema.path("additionalProperties").asBoolean(true)).isFalse();
        JsonNode deployment = schema.at("/properties/deployments/items/properties");
        assertThat(deployment
                        .at("/runtime/properties/settings/additionalProperties/type")
                        .asString())
                .isEqualTo("string");
        assertThat(deployment.at("/ongoingMax/type").asString()).isEqualTo("integer");
        assertThat(deployment.at("/scale/anyOf/0/required").toString()).isEqualTo("[\"replicas\"]");
        assertThat(deployment.at("/scale/anyOf/1/required").toString()).contains("replicasMax", "lookBack");
        assertThat(deployment.at("/timeouts/properties/call/type").asString()).isEqualTo("string");
        assertThat(deployment.at("/timeouts/required").toString()).isEqualTo("[\"start\"]");
    }
}
