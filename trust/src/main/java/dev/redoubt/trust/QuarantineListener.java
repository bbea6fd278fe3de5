package dev.redoubt.trust;

/// Is told of each model that was refused and set aside.
@FunctionalInterface
public interface QuarantineListener {
    /// @param during `pull`, `add`, `verify` or `open`
    /// @param rule the requirement that refused it, such as `V4.2`
    void setAside(String name, String during, String rule);
}
