package dev.redoubt.gateway;

import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import java.util.Optional;
import java.util.Set;

/// Who makes the requests of a listener. Any thread.
sealed interface Callers permits Authenticator, Callers.SocketOwner {
    /// Empty: nobody who is known here.
    Optional<Principal> caller(MultiMap headers, HttpConnection connection, RequestHeads heads);

    /// Whether requests count against the limits of whoever makes them.
    boolean metered();

    /// Behind a Unix domain socket there is who may open its file: the operator.
    record SocketOwner() implements Callers {
        private static final Principal OPERATOR =
                new Principal("operator", "", Set.of(Scope.ADMIN_READ, Scope.ADMIN_WRITE, Scope.METRICS));

        @Override
        public Optional<Principal> caller(MultiMap headers, HttpConnection connection, RequestHeads heads) {
            return Optional.of(OPERATOR);
        }

        @Override
        public boolean metered() {
            return false;
        }
    }
}
