/// The HTTP edge. Read [dev.redoubt.gateway.HttpEdge] first. Knows nothing of engines, KV blocks or files.
@NullMarked
package dev.redoubt.gateway;

import org.jspecify.annotations.NullMarked;
