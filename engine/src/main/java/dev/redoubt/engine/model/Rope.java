package dev.redoubt.engine.model;

/// The rotary embedding of a layer.
///
/// @param base of the frequencies, θ
record Rope(double base, RopeScaling scaling) {
    /// @throws dev.redoubt.trust.ArtifactException if the base is out of range
    static Rope read(ConfigSource source, ConfigKey key, double base, RopeScaling scaling) {
        if (!(base > 1 && base <= 1e12))
            throw ConfigSource.refusal(source.name(key) + " is " + base + ", allowed is above 1, at most 1e12");
        return new Rope(base, scaling);
    }
}
