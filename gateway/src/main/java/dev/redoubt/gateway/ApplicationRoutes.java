package dev.redoubt.gateway;

import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Access.Needs;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.RouteTable.Resolved;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.control.Platform;
import java.util.Optional;
import java.util.Set;

/// `/{application}`, unless what answers there is a language model, which is called at `/v1`: found by who asks, so
/// that nobody can tell a foreign application from one that is not
/// there (R4.3).
/// Safe for any thread.
final class ApplicationRoutes {
    /// What a path of ours begins with, which no application may be called.
    static final Set<String> RESERVED =
            Set.of("v1", "generate", "tokenize", "detokenize", "livez", "readyz", "metrics", "admin");

    private static final Access ACCESS = new Needs(Scope.INFERENCE, Metering.REQUEST);

    private final Optional<Platform> platform;

    ApplicationRoutes(Optional<Platform> platform) {
        this.platform = platform;
    }

    /// The ingress of the caller's own application, if the path is its.
    Optional<Resolved> find(Principal caller, String path) {
        String own = caller.application();
        boolean named = path.startsWith(own, 1) && (path.length() == own.length() + 1 || path.equals("/" + own + "/"));
        if (!named || platform.isEmpty()) return Optional.empty();
        return platform.get()
                .ingress(own)
                .filter(ingress -> ingress.model().isEmpty())
                .map(ingress -> new Resolved(route(ingress), ""));
    }

    private static Route route(Ingress ingress) {
        Handling.Call call =
                new Handling.Call((exchange, type, body) -> new ApplicationCall(exchange, ingress).start(type, body));
        return new Route(ACCESS, "/{application}", call, "calls the ingress of an application");
    }
}
