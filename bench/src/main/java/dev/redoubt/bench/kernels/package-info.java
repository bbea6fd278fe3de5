/// Times of single kernels. Run [dev.redoubt.bench.kernels.KernelBench]; it prints one table.
@NullMarked
package dev.redoubt.bench.kernels;

import org.jspecify.annotations.NullMarked;
