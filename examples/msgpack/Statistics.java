package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;
import java.util.List;

/// Sums up numbers. A handler takes JSON and MessagePack alike: the schema is the same, and so are
/// the checks.
@Deployment(name = "Statistics", maxOngoingRequests = 16, cpus = 0.5, memoryMiB = 128)
public final class Statistics implements Handler<Statistics.Numbers, Statistics.Summary> {
    public record Numbers(List<Double> values) {
        public Numbers {
            if (values.isEmpty()) throw new IllegalArgumentException("one number or more");
        }
    }

    public record Summary(int count, double mean, double deviation) {}

    @Override
    public Summary handle(Numbers input) {
        double mean = input.values().stream().mapToDouble(x -> x).average().orElseThrow();
        double variance = input.values().stream().mapToDouble(x -> (x - mean) * (x - mean)).average().orElseThrow();
        return new Summary(input.values().size(), mean, Math.sqrt(variance));
    }
}
