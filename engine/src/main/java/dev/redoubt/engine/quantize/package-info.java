/// From a model of floats to a quantized one. Read [dev.redoubt.engine.quantize.Quantization] first.
@NullMarked
package dev.redoubt.engine.quantize;

import org.jspecify.annotations.NullMarked;
