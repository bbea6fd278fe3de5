/// What a process of its own costs a call of a deployment.
@NullMarked
package dev.redoubt.bench.serve;

import org.jspecify.annotations.NullMarked;
