package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ModelTextTest {
    private static Optional<String> source(String config) {
        return ModelText.templateSource(Optional.empty(), Optional.of(ModelText.json(bytes(config))));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aTemplateFileComesBeforeTheConfiguration() {
        assertThat(ModelText.templateSource(
                        Optional.of(bytes("file")),
                        Optional.of(ModelText.json(bytes("{\"chat_template\": \"config\"}")))))
                .hasValue("file");
        assertThat(ModelText.templateSource(Optional.empty(), Optional.empty())).isEmpty();
    }

    @Test
    void theConfigurationHoldsAStringOrNamedTemplates() {
        assertThat(source("{}")).isEmpty();
        assertThat(source("{\"chat_template\": null}")).isEmpty();
        assertThat(source("{\"chat_template\": \"text\"}")).hasValue("text");
        assertThat(source("{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"},"
                        + " {\"name\": \"default\", \"template\": \"d\"}]}"))
                .hasValue("d");
    }

    @Test
    void anythingElseIsRefused() {
        assertThatThrownBy(() -> source("{\"chat_template\": [{\"name\": \"rag\", \"template\": \"r\"}]}"))
                .isInstanceOf(ArtifactException.class);
        assertThatThrownBy(() -> source("{\"chat_template\": 7}")).isInstanceOf(ArtifactException.class);
        assertThatThrownBy(() -> source("{\"chat_template\": \"a\", \"chat_template\": \"b\"}"))
                .isInstanceOf(ArtifactException.class);
    }
}
