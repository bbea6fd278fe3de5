/// Handlers written in Java, run in this process: their types as schemas, their calls on virtual threads, and
/// the handles between them. Knows neither routers nor replicas. Read [dev.redoubt.serve.java.JavaRuntime]
/// first.
@NullMarked
package dev.redoubt.serve.java;

import org.jspecify.annotations.NullMarked;
