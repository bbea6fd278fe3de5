package dev.redoubt.serve.schema;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On [Tensor] wherever it is a type: which numbers it holds, in which box. Without it a tensor has no schema,
/// and what takes or gives it does not start.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Shape {
    DType dtype();

    /// Outermost first; -1 where any size will do.
    int[] sizes();
}
