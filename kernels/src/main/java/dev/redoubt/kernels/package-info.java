/// Kernels: one arithmetic per weight format, whatever the batch size, the provider or the number of threads.
/// Read [dev.redoubt.kernels.Compute] first (what a model calls), then [dev.redoubt.kernels.Kernels] (the seam
/// a provider fills). Knows nothing of models, tokens or requests.
@NullMarked
package dev.redoubt.kernels;

import org.jspecify.annotations.NullMarked;
