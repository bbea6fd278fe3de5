/// Strict, bounded JSON in, plain JSON out. Read [dev.redoubt.base.json.StrictJson] first. Nothing here knows
/// what a field means.
@NullMarked
package dev.redoubt.base.json;

import org.jspecify.annotations.NullMarked;
