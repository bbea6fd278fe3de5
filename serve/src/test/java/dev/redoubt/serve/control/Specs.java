package dev.redoubt.serve.control;

import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Specs for tests.
final class Specs {
    static final Resources EACH = Resources.of(0.5, 256L << 20);
    static final Resources QUOTA = Resources.of(4, 4L << 30);
    static final Resources MACHINE = Resources.of(16, 32L << 30);
    static final HealthCheck QUICK_CHECKS = new HealthCheck(Duration.ofMillis(50), Duration.ofSeconds(1), 3);

    private Specs() {}

    static ApplicationSpec application(String name, DeploymentSpec... deployments) {
        return new ApplicationSpec(name, deployments[0].name(), QUOTA, List.of(deployments));
    }

    /// @param settings names and values, one after the other
    static DeploymentSpec deployment(String name, int replicas, String... settings) {
        return deployment(name, new Scale.Fixed(replicas), "{}", settings);
    }

    static DeploymentSpec deployment(String name, Scale scale, String userConfig, String... settings) {
        Map<String, String> given = new TreeMap<>();
        for (int i = 0; i < settings.length; i += 2) given.put(settings[i], settings[i + 1]);
        return new DeploymentSpec(
                name,
                new RuntimeSpec(TestRuntime.KIND, given),
                Isolation.THREAD,
                EACH,
                10,
                1000,
                scale,
                QUICK_CHECKS,
                new Timeouts(Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(5)),
                userConfig);
    }
}
