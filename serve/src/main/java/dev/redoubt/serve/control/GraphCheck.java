package dev.redoubt.serve.control;

import dev.redoubt.serve.graph.Graph;
import dev.redoubt.serve.graph.StageTimeouts;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Checks the graph of each application that is deployed, with times for all its stages (R5.1, R5.2).
///
/// @param requestTimeout what a request has from end to end (R1.3)
public record GraphCheck(Duration requestTimeout) implements DeployCheck {
    @Override
    public List<String> problems(ApplicationSpec spec, Map<String, Interface> interfaces) {
        return Graph.problems(spec, interfaces, requestTimeout);
    }

    @Override
    public ApplicationSpec filled(ApplicationSpec spec, Map<String, Interface> interfaces) {
        return StageTimeouts.filled(spec, interfaces, requestTimeout);
    }
}
