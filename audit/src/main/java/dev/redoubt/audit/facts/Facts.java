package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What one file says about serving. One thread fills it, then checks read it.
public final class Facts {
    private final SourceText source;
    private final List<Engine> engines = new ArrayList<>();
    private final List<Deployment> deployments = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final List<Variable> variables = new ArrayList<>();
    private final List<Container> containers = new ArrayList<>();
    private final List<Application> applications = new ArrayList<>();
    private Map<Product, Release> releases = Map.of();
    private @Nullable Python python;

    Facts(SourceText source) {
        this.source = source;
    }

    public SourceText source() {
        return source;
    }

    public List<Engine> engines() {
        return engines;
    }

    public List<Deployment> deployments() {
        return deployments;
    }

    public List<Listener> listeners() {
        return listeners;
    }

    public List<Variable> variables() {
        return variables;
    }

    public List<Container> containers() {
        return containers;
    }

    public List<Application> applications() {
        return applications;
    }

    /// Which releases of a product the file is for; empty if nobody says.
    public Optional<Release> release(Product product) {
        return Optional.ofNullable(releases.get(product));
    }

    void releases(Map<Product, Release> found) {
        this.releases = Map.copyOf(found);
    }

    /// The program, if it is one.
    public Optional<Python> python() {
        return Optional.ofNullable(python);
    }

    void python(Python program) {
        this.python = program;
    }
}
