/// The OpenAI API as data: which fields a request has, how an answer, a stream of chunks and an error look.
/// Read [dev.redoubt.gateway.openai.GenerationFields] for requests and [dev.redoubt.gateway.openai.ReplyFormat]
/// for answers. Knows nothing of sockets and threads.
@NullMarked
package dev.redoubt.gateway.openai;

import org.jspecify.annotations.NullMarked;
