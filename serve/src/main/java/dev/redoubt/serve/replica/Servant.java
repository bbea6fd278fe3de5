package dev.redoubt.serve.replica;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// The code of one replica, wherever it runs: in this process, in one of its own, or a model's runtime. It does
/// not count, queue or time anything; its replica does. Safe for any thread.
public interface Servant extends AutoCloseable {
    /// Before the first call, and whenever it has changed.
    ///
    /// @throws Exception refuses it
    void reconfigure(JsonNode userConfig) throws Exception;

    /// @throws Exception if it cannot work
    void healthCheck() throws Exception;

    /// Has somebody told, once and soon, if it ends by itself.
    ///
    /// @param told how it has ended, for operators; on any thread
    default void whenLost(Consumer<String> told) {}

    /// What keeps it within its deployment's resources, for operators; empty: nothing does.
    default String limits() {
        return "";
    }

    /// Starts a call and returns soon. The listener is told on any thread, in order, and of one end exactly.
    /// What is cancelled ends too, soon.
    ///
    /// @param input fits the deployment's input schema
    /// @throws ServeException if it is refused; the listener is told nothing then
    void call(Payload input, Call call, ReplyListener replies);

    /// Ends it, with everything that still runs. Waits a bounded time.
    @Override
    void close();
}
