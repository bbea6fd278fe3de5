/// Runs a corpus of hostile model files, folders and templates through the product's own readers and loaders.
/// Read [dev.redoubt.bench.hostile.HostileRun] first. Never shipped.
@NullMarked
package dev.redoubt.bench.hostile;

import org.jspecify.annotations.NullMarked;
