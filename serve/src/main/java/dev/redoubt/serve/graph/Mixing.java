package dev.redoubt.serve.graph;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Meeting;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether replicas of two versions of an application may take each other's calls, as they do while one version
/// takes the place of the other deployment by deployment (R5.1).
///
/// They may if callers from outside see no difference, and if each handle that one version has meets what the
/// other has in its place. A deployment whose interface is not known is taken to be as it was.
public final class Mixing {
    /// One version: its spec and the interfaces of its deployments, by name.
    public record Version(ApplicationSpec spec, Map<String, Interface> interfaces) {
        public Version {
            interfaces = Map.copyOf(interfaces);
        }
    }

    private Mixing() {}

    /// @return why they may not, for people; empty if they may
    public static Optional<String> problem(Version before, Version after) {
        String ingress = before.spec.ingress();
        if (!ingress.equals(after.spec.ingress()))
            return Optional.of("calls enter by '" + after.spec.ingress() + "' instead of '" + ingress + "'");
        return Optional.ofNullable(outside(ingress, before.interfaces.get(ingress), after.interfaces.get(ingress)))
                .or(() -> Optional.ofNullable(calls(before, after, false)))
                .or(() -> Optional.ofNullable(calls(after, before, true)));
    }

    private static @Nullable String outside(String name, @Nullable Interface before, @Nullable Interface after) {
        if (before == null || after == null) return null;
        boolean same = before.input().equals(after.input())
                && before.output().equals(after.output())
                && before.streams() == after.streams();
        if (!model(before).equals(model(after)))
            return "'" + name + "' is the model '" + model(after) + "' instead of '" + model(before) + "'";
        return same ? null : "'" + name + "' takes or gives something else than before";
    }

    /// Which language model callers ask for, by its name and its bytes; empty where it is none.
    private static String model(Interface face) {
        return face.language()
                .map(card -> card.name() + ", sha256:" + card.digest())
                .orElse("");
    }

    /// @param newer whether `from` is what comes, so that what it calls may not be there yet
    private static @Nullable String calls(Version from, Version to, boolean newer) {
        for (Map.Entry<String, Interface> caller : from.interfaces.entrySet())
            for (Interface.Edge edge : caller.getValue().calls()) {
                String name = caller.getKey();
                Interface own = from.interfaces.get(edge.target());
                Interface other = to.interfaces.get(edge.target());
                if (other != null) {
                    String between =
                            "'" + name + "' of one version and '" + edge.target() + "' of the other do not meet";
                    if (!meets(edge, other) || (own != null && own.streams() != other.streams())) return between;
                } else if (newer
                        && to.spec.find(edge.target()).isEmpty()
                        && to.spec.find(name).isPresent())
                    return "'" + name + "' calls '" + edge.target() + "', which is new";
            }
        return null;
    }

    private static boolean meets(Interface.Edge edge, Interface target) {
        return Meeting.problem(edge.input(), target.input()).isEmpty()
                && Meeting.problem(target.output(), edge.output()).isEmpty();
    }
}
