package dev.redoubt.serve.worker;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// A handler from a jar.
final class JavaProgram implements WorkerProgram {
    private final LinkThreads threads;

    JavaProgram(LinkThreads threads) {
        this.threads = threads;
    }

    @Override
    public Opened open(DeploymentSpec spec, Path folder) throws RuntimeRefusal {
        Path jar = JarCopy.of(spec.runtime(), folder);
        return overdueMax -> runtime(jar, overdueMax);
    }

    private ServantFactory runtime(Path jar, Duration overdueMax) throws IOException {
        ApplicationLoader loader = ApplicationLoader.of(jar);
        return new JavaRuntime(spec -> load(loader, spec), TimeSource.system(), overdueMax, threads);
    }

    private static Class<?> load(ApplicationLoader loader, DeploymentSpec spec) throws RuntimeRefusal {
        String name = spec.runtime().settings().getOrDefault("class", "");
        try {
            return loader.loadClass(name);
        } catch (ClassNotFoundException | LinkageError e) {
            throw new RuntimeRefusal(
                    spec.name() + ": the jar has no class '" + name + "' that can be loaded: name one that it has", e);
        }
    }
}
