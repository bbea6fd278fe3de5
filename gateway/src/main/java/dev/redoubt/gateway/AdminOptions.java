package dev.redoubt.gateway;

import dev.redoubt.policy.Waiver;
import java.util.List;

/// The listener for the operator.
///
/// @param version of the product
/// @param waivers that count, to be shown
public record AdminOptions(AdminAddress address, String version, List<Waiver> waivers) {
    public AdminOptions {
        waivers = List.copyOf(waivers);
    }
}
