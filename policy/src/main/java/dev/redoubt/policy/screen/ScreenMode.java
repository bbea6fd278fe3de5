package dev.redoubt.policy.screen;

/// What follows from a finding.
public enum ScreenMode {
    /// It is counted; the request goes on.
    SIGNAL,
    /// It is counted, and the request is refused.
    REFUSE
}
