package dev.redoubt.engine.kvcache;

import java.util.Optional;

/// Inside what prefix-cache hits may happen (RULES V1.1): one principal of one tenant and, where the caller
/// names one, one end user. Equal only if all three are; carries the secret that its keys are made with. Made
/// by [PrefixKeys#scope].
public final class CacheScope {
    private final String tenant;
    private final String principal;
    private final Optional<String> endUser;
    private final byte[] secret;

    CacheScope(String tenant, String principal, Optional<String> endUser, byte[] secret) {
        this.tenant = tenant;
        this.principal = principal;
        this.endUser = endUser;
        this.secret = secret;
    }

    /// Whose blocks these are.
    public String tenant() {
        return tenant;
    }

    byte[] secret() {
        return secret;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CacheScope scope
                && tenant.equals(scope.tenant)
                && principal.equals(scope.principal)
                && endUser.equals(scope.endUser);
    }

    @Override
    public int hashCode() {
        return (tenant.hashCode() * 31 + principal.hashCode()) * 31 + endUser.hashCode();
    }
}
