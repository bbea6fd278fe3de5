package dev.redoubt.serve.java;

import dev.redoubt.base.Check;
import dev.redoubt.serve.Deployable;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// An application of handler classes that are built into the program: its spec, made of their [Deployment]
/// annotations, and the classes.
///
/// ```java
/// Application shop = Application.named("shop").add(Tokenizer.class).ingress(Summarizer.class).build();
/// ```
public final class Application implements JavaRuntime.HandlerClasses {
    /// The setting of a [RuntimeSpec] that names the class.
    public static final String CLASS = "class";

    private final ApplicationSpec spec;
    private final Map<String, Class<?>> classes; // by name of the class

    private Application(ApplicationSpec spec, Map<String, Class<?>> classes) {
        this.spec = spec;
        this.classes = Map.copyOf(classes);
    }

    /// @param name see [dev.redoubt.serve.spec.Names#application]
    public static Builder named(String name) {
        return new Builder(name);
    }

    public ApplicationSpec spec() {
        return spec;
    }

    @Override
    public Class<?> find(DeploymentSpec deployment) throws RuntimeRefusal {
        Class<?> found = classes.get(deployment.runtime().settings().getOrDefault(CLASS, ""));
        if (found == null)
            throw new RuntimeRefusal(deployment.name() + ": " + deployment.runtime() + " names no class of "
                    + spec.name() + ", which has " + classes.keySet());
        return found;
    }

    /// Collects deployments. For one thread.
    public static final class Builder {
        private final String name;
        private final List<DeploymentSpec> deployments = new ArrayList<>();
        private final Map<String, Class<?>> classes = new HashMap<>();
        private String ingress = "";
        private Resources quota = ApplicationSpec.DEFAULT_QUOTA;

        private Builder(String name) {
            this.name = name;
        }

        /// @param handler carries [Deployment]
        /// @throws IllegalArgumentException if it does not, or is no handler
        public Builder add(Class<? extends Deployable> handler) {
            return add(handler, DeploymentSpec.NO_USER_CONFIG);
        }

        /// @param userConfig of the type that the handler is [dev.redoubt.serve.Reconfigurable] by
        public Builder add(Class<? extends Deployable> handler, Record userConfig) {
            Binding binding = HandlerClass.read(handler)
                    .userConfig()
                    .orElseThrow(() -> new IllegalArgumentException(
                            handler.getName() + " takes no user configuration: implement Reconfigurable"));
            binding.verify(userConfig);
            return add(handler, JsonBody.text(binding.write(userConfig)));
        }

        private Builder add(Class<? extends Deployable> handler, String userConfig) {
            Deployment said = handler.getAnnotation(Deployment.class);
            Check.that(said != null, "%s carries no @Deployment: say its name and limits", handler.getName());
            deployments.add(new DeploymentSpec(
                    said.name(),
                    new RuntimeSpec(JavaRuntime.KIND, Map.of(CLASS, handler.getName())),
                    Isolation.THREAD,
                    Resources.of(said.cpus(), (long) said.memoryMiB() << 20),
                    said.maxOngoingRequests(),
                    said.maxQueuedRequests(),
                    new Scale.Fixed(said.numReplicas()),
                    HealthCheck.DEFAULT,
                    said.timeoutSeconds() == 0
                            ? Timeouts.DEFAULT
                            : Timeouts.DEFAULT.withCall(Duration.ofSeconds(said.timeoutSeconds())),
                    userConfig));
            classes.put(handler.getName(), handler);
            return this;
        }

        /// Adds the deployment that callers reach.
        public Builder ingress(Class<? extends Deployable> handler) {
            add(handler);
            ingress = deployments.getLast().name();
            return this;
        }

        /// As [#ingress(Class)], with a user configuration.
        public Builder ingress(Class<? extends Deployable> handler, Record userConfig) {
            add(handler, userConfig);
            ingress = deployments.getLast().name();
            return this;
        }

        /// What all replicas may take together; without it [ApplicationSpec#DEFAULT_QUOTA].
        public Builder quota(Resources together) {
            quota = together;
            return this;
        }

        /// @throws IllegalArgumentException naming what is wrong with it
        public Application build() {
            Check.that(!ingress.isEmpty(), "application '%s' has no ingress: say which handler callers reach", name);
            return new Application(new ApplicationSpec(name, ingress, quota, deployments), classes);
        }
    }
}
