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

    private static final List<Path> NONE = List.of();

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
        descriptions().remember(spec, NONE, TEXT);
        assertThat(descriptions().find(spec, NONE)).contains(TEXT);
    }

    @Test
    void anotherDigestClassOrProductIsAskedAnew() throws Exception {
        Path jar = Files.writeString(folder.resolve("product.jar"), "one");
        descriptions().remember(spec, List.of(jar), TEXT);
        Map<String, String> settings = new HashMap<>(spec.runtime().settings());
        settings.put("sha256", "0".repeat(64));
        assertThat(descriptions().find(with(settings), List.of(jar))).isEmpty();
        settings = new HashMap<>(spec.runtime().settings());
        settings.put("class", "another.One");
        assertThat(descriptions().find(with(settings), List.of(jar))).isEmpty();
        Files.writeString(jar, "three");
        assertThat(descriptions().find(spec, List.of(jar))).isEmpty();
    }

    @Test
    void whatCannotBeReadIsAskedAnew() throws Exception {
        descriptions().remember(spec, NONE, TEXT);
        try (Stream<Path> files = Files.list(home())) {
            for (Path file : files.toList()) Files.writeString(file, "{}");
        }
        assertThat(descriptions().find(spec, NONE)).isEmpty();
    }

    private Descriptions descriptions() throws Exception {
        return new Descriptions(home());
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
