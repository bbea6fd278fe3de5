/// What the edge costs: every layer between a socket and a model that answers at once.
@NullMarked
package dev.redoubt.bench.edge;

import org.jspecify.annotations.NullMarked;
