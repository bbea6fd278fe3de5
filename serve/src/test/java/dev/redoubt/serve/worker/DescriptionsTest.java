package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescriptionsTest {
    private static final Interface TEXT = new Interface(new Schema.Text(), new Schema.Text(), true, List.of());

    @TempDir
    Path folder;

    private DeploymentSpec spec;

    @BeforeEach
    void makeSpec() throws Exception {
        try (Workers workers = new Workers(folder)) {
            spec = workers.spec(Hostile.class);
        }
    }

    @Test
    void theNextServerKnowsWhatThisOneHasLearnt() throws Exception {
        descriptions().remember(spec, TEXT);
        assertThat(descriptions().find(spec)).contains(TEXT);
    }

    @Test
    void anotherDigestClassOrProductIsAskedAnew() throws Exception {
        Path jar = Files.writeString(folder.resolve("product.jar"), "one");
        new Descriptions(home(), List.of(jar)).remember(spec, TEXT);
        Map<String, String> settings = new HashMap<>(spec.runtime().settings());
        settings.put("sha256", "0".repeat(64));
        assertThat(new Descriptions(home(), List.of(jar)).find(with(settings))).isEmpty();
        settings = new HashMap<>(spec.runtime().settings());
        settings.put("class", "another.One");
        assertThat(new Descriptions(home(), List.of(jar)).find(with(settings))).isEmpty();
        Files.writeString(jar, "three");
        assertThat(new Descriptions(home(), List.of(jar)).find(spec)).isEmpty();
    }

    @Test
    void whatCannotBeReadIsAskedAnew() throws Exception {
        descriptions().remember(spec, TEXT);
        try (Stream<Path> files = Files.list(home())) {
            for (Path file : files.toList()) Files.writeString(file, "{}");
        }
        assertThat(descriptions().find(spec)).isEmpty();
    }

    private Descriptions descriptions() throws Exception {
        return new Descriptions(home(), List.of());
    }

    private Path home() {
        return folder.resolve("known");
    }

    private DeploymentSpec with(Map<String, String> settings) {
        return new DeploymentSpec(
                spec.name(),
                new RuntimeSpec(spec.runtime().kind(), settings),
                spec.isolation(),
                spec.each(),
                spec.ongoingMax(),
                spec.queuedMax(),
                spec.scale(),
                spec.health(),
                spec.timeouts(),
                spec.userConfig());
    }
}
