package dev.redoubt.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a [MultiplexedHandler]: how many models one replica holds; the least recently used makes room.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Multiplexed {
    int maxModels();
}
