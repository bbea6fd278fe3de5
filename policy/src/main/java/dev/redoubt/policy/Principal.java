package dev.redoubt.policy;

import java.util.Set;

/// Who is calling: one key of one application.
///
/// @param keyId public name of the key, never the key
/// @param application whose key it is; the tenant
public record Principal(String keyId, String application, Set<Scope> scopes) {
    public Principal {
        scopes = Set.copyOf(scopes);
    }
}
