package dev.redoubt.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a constructor parameter of type [DeploymentHandle]: which deployment of the same application it calls.
/// These are the edges of the application's graph; there are no others (R4.1, R5.1).
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface To {
    String value();
}
