package dev.redoubt.gateway;

import dev.redoubt.base.ServeException;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Where the reply to one call of an application goes, by whatever protocol the call came. Everything is for the event
/// loop of the connection unless it says otherwise.
interface ReplySink {
    /// An item as it goes over the wire. Any thread.
    Buffer encoded(JsonNode item);

    /// Of a call that streams: more items, in their order.
    void write(List<Buffer> items);

    /// Whether the reader is behind.
    boolean full();

    /// What to do when it is not any more; told once.
    void whenDrained(Runnable action);

    /// The whole reply of a call that does not stream: one item, where the protocol has no other form for it. Any
    /// thread.
    default void reply(JsonNode output) {
        Buffer item = encoded(output);
        onEventLoop(() -> {
            write(List.of(item));
            end();
        });
    }

    /// Of a call that streams: there are no more items.
    void end();

    void fail(ServeException failure);

    /// A fault of ours: the caller sees an id, the log the fault. Any thread.
    void fault(Throwable fault);

    /// The reader takes nothing: the connection ends without a word.
    void drop();

    /// Whether the caller has left. Any thread.
    boolean gone();

    /// What to do when the caller leaves before the reply is complete; at once if it has.
    void whenGone(Runnable action);

    /// Any thread.
    void onEventLoop(Runnable action);
}
