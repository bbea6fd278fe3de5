package dev.redoubt.audit.facts;

/// What a project runs that is judged by its release.
public enum Product {
    VLLM("vLLM"),
    RAY("Ray");

    private final String shown;

    Product(String shown) {
        this.shown = shown;
    }

    /// As it is called in findings.
    public String shown() {
        return shown;
    }
}
