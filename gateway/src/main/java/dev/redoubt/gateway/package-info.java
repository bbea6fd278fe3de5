/// The HTTP edge. Read [dev.redoubt.gateway.HttpEdge] first: its comment is the way of a request, thread by
/// thread. What a body may hold is in `fields`, what OpenAI's API looks like in `openai`. Knows nothing of
/// engines, KV blocks or files.
@NullMarked
package dev.redoubt.gateway;

import org.jspecify.annotations.NullMarked;
