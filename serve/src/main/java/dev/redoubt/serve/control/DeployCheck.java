package dev.redoubt.serve.control;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.util.List;
import java.util.Map;

/// A check of an application beside those of limits and room, such as that of its graph.
public interface DeployCheck {
    /// @param interfaces of all its deployments, by name
    /// @return what is wrong, each with the value, the limit and the way out
    List<String> problems(ApplicationSpec spec, Map<String, Interface> interfaces);

    /// The spec with what it has left to the deploy, such as times; asked before [#problems].
    default ApplicationSpec filled(ApplicationSpec spec, Map<String, Interface> interfaces) {
        return spec;
    }
}
