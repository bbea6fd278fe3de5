package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The ports of a service of compose that the machine itself publishes: on all interfaces, where no address stands
/// before them.
///
/// @param beyond those that others reach
/// @param any whether it publishes at all
record Ports(List<YamlTree> beyond, boolean any) {
    static Ports of(@Nullable YamlTree ports) {
        List<YamlTree> beyond = new ArrayList<>();
        if (!(ports instanceof Sequence sequence)) return new Ports(beyond, ports != null);
        for (YamlTree item : sequence.items()) if (!isLoopback(item)) beyond.add(item);
        return new Ports(beyond, !sequence.items().isEmpty());
    }

    /// Whether all that is published is for this machine alone.
    boolean here() {
        return any && beyond.isEmpty();
    }

    private static boolean isLoopback(YamlTree port) {
        return switch (port) {
            case Scalar scalar -> scalar.text().matches("(127\\.|localhost:|\\[::1\\]).*");
            case Mapping mapping ->
                mapping.at("host_ip") instanceof Scalar address
                        && address.text().startsWith("127.");
            default -> false;
        };
    }
}
