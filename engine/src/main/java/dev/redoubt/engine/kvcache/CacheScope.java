package dev.redoubt.engine.kvcache;

import dev.redoubt.base.Check;
import java.util.Objects;
import java.util.Optional;

/// Inside what prefix-cache hits may happen (RULES V1.1): one principal of one tenant, where the caller names
/// one, one end user, and the weights, which are the model's or those of one adapter on it. Equal only if all
/// of that is; carries the secret that its keys are made with. Made by [PrefixKeys#scope].
public final class CacheScope {
    private final String tenant;
    private final String principal;
    private final Optional<String> endUser;
    private final Optional<String> adapter;
    private final byte[] secret;

    CacheScope(String tenant, String principal, Optional<String> endUser, Optional<String> adapter, byte[] secret) {
        this.tenant = tenant;
        this.principal = principal;
        this.endUser = endUser;
        this.adapter = adapter;
        this.secret = secret;
    }

    /// The same caller's scope of an adapter.
    ///
    /// @param digest hex SHA-256 of the adapter's manifest
    public CacheScope withAdapter(String digest) {
        Check.inRange("digest length", digest.length(), 0, PrefixKeys.ADAPTER_DIGEST_CHARS_MAX);
        return new CacheScope(tenant, principal, endUser, Optional.of(digest), secret);
    }

    /// Whose blocks these are.
    public String tenant() {
        return tenant;
    }

    byte[] secret() {
        return secret;
    }

    /// Digest of the adapter; empty: the model alone.
    Optional<String> adapter() {
        return adapter;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CacheScope scope
                && tenant.equals(scope.tenant)
                && principal.equals(scope.principal)
                && endUser.equals(scope.endUser)
                && adapter.equals(scope.adapter);
    }

    @Override
    public int hashCode() {
        return Objects.hash(tenant, principal, endUser, adapter);
    }
}
