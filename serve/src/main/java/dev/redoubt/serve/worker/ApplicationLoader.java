package dev.redoubt.serve.worker;

import dev.redoubt.serve.Handler;
import dev.redoubt.serve.java.JavaRuntime;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Loads the classes of one jar. Beside its own they see the JDK's base and what a handler is written against,
/// and nothing else of the product or of what it is built on: their own version of any library is the one they
/// get.
final class ApplicationLoader extends URLClassLoader {
    static {
        registerAsParallelCapable();
    }

    private ApplicationLoader(URL jar) {
        super("application", new URL[] {jar}, new Api());
    }

    static ApplicationLoader of(Path jar) throws IOException {
        return new ApplicationLoader(jar.toUri().toURL());
    }

    /// What is shared with the product.
    private static final class Api extends ClassLoader {
        static {
            registerAsParallelCapable();
        }

        private static final Set<String> MODULES = Set.copyOf(JavaRuntime.MODULES);
        private static final Set<String> PACKAGES = Set.of(
                "dev.redoubt.serve",
                "dev.redoubt.serve.language",
                "dev.redoubt.serve.schema",
                "dev.redoubt.base",
                "org.jspecify.annotations");
        private static final List<String> LIBRARY = List.of("java.", "javax.", "jdk.", "org.w3c.", "org.xml.");

        private final ClassLoader product = Handler.class.getClassLoader();

        Api() {
            super("application-api", null);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            int dot = name.lastIndexOf('.');
            if (PACKAGES.contains(dot < 0 ? "" : name.substring(0, dot))) return product.loadClass(name);
            if (LIBRARY.stream().anyMatch(name::startsWith)) {
                Class<?> found = ClassLoader.getPlatformClassLoader().loadClass(name);
                if (MODULES.contains(found.getModule().getName())) return found;
            }
            throw new ClassNotFoundException(name);
        }
    }
}
