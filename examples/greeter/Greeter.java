package examples;

import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;

/// Greets by name.
@Deployment(name = "Greeter", maxOngoingRequests = 16, cpus = 0.5, memoryMiB = 128)
public final class Greeter implements Handler<Greeter.Name, Greeter.Greeting> {
    public record Name(String name) {}

    /// @param caller the application whose key was used
    public record Greeting(String text, String caller) {}

    @Override
    public Greeting handle(Name input) {
        return new Greeting("Hello " + input.name(), Call.current().application());
    }
}
