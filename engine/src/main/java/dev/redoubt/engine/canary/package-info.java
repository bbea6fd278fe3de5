/// Whether a model still computes what it computed when it was trusted (RULES V6.2). Read
/// [dev.redoubt.engine.canary.CanaryReading] first.
@NullMarked
package dev.redoubt.engine.canary;

import org.jspecify.annotations.NullMarked;
