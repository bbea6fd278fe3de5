package dev.redoubt.audit.facts;

/// What stands around a program that listens, and has a part in who reaches it.
public enum Place {
    /// A machine: whoever reaches it reaches what the program binds.
    MACHINE,
    /// An image: whoever runs it says which of its ports are published.
    IMAGE,
    /// A pod of Kubernetes, which has to bind its own address for services and probes to reach it.
    POD,
    /// A network of compose of which no port is published.
    NETWORK,
    /// Behind the gateway of a platform, which has TLS: KServe, Knative, Cloud Run.
    PLATFORM
}
