package dev.redoubt.engine;

import dev.redoubt.base.generation.Caller;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKeys;
import java.util.Optional;

/// Inside what computed prefixes are used again (RULES V1.1). Nothing crosses a tenant, whatever is set.
public enum PrefixSharing {
    /// A prompt is always computed.
    OFF,
    /// One API key and, where the request names one, one end user.
    PRINCIPAL,
    /// All keys of one tenant: what one of them has asked, another can tell by the time of an answer.
    TENANT;

    /// The scope of a caller's sequences.
    CacheScope scope(PrefixKeys keys, Caller caller) {
        return switch (this) {
            case OFF, PRINCIPAL -> keys.scope(caller.tenant(), caller.principal(), caller.endUser());
            case TENANT -> keys.scope(caller.tenant(), "", Optional.empty());
        };
    }
}
