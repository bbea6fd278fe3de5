package dev.redoubt.audit.check;

/// What checks refer to, as it is written.
final class References {
    static final String SERVICE = "OWASP LLM04:2023 / LLM10:2025";
    static final String SUPPLY = "OWASP LLM05:2023 / LLM03:2025";
    static final String DISCLOSURE = "OWASP LLM06:2023 / LLM02:2025";
    static final String INJECTION = "OWASP LLM01";
    static final String ATLAS_SUPPLY = "ATLAS AML.T0010";
    static final String ALL_VLLM = "vLLM, all versions";
    static final String ALL_RAY = "Ray, all versions";
    static final String ALL = "all versions";

    private References() {}
}
