package dev.redoubt.gateway;

import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldValues;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import tools.jackson.databind.node.ObjectNode;

/// One thing the edge can be asked.
///
/// @param path exact, or with one segment `{id}`; also its name in logs and metrics
/// @param about one line for the API description
record Route(Access access, String path, Handling handling, String about) {
    /// What is done, and on which thread.
    sealed interface Handling {
        String method();

        /// Answers by a status alone, on the event loop, so that a busy server is not taken for a dead one.
        record Probe(IntSupplier status) implements Handling {
            @Override
            public String method() {
                return "GET";
            }
        }

        /// Is given the path's `{id}`, empty where there is none; on a worker thread.
        record Get(BiConsumer<Exchange, String> handler) implements Handling {
            @Override
            public String method() {
                return "GET";
            }
        }

        /// Is given the decoded body; on the event loop if the body is small, so what waits or computes for
        /// long goes to [Workers].
        record Post(FieldTable body, BiConsumer<Exchange, FieldValues> handler) implements Handling {
            @Override
            public String method() {
                return "POST";
            }
        }

        /// Is given the body as it came; on the event loop if it is small.
        ///
        /// @param taken the types that it may be of
        /// @param schema of the body as JSON, where the API description says it
        record Call(String method, Set<BodyType> taken, Optional<ObjectNode> schema, Start handler)
                implements Handling {

            /// Begins a call.
            interface Start {
                void start(Exchange exchange, BodyType type, byte[] body);
            }
        }

        /// All that it is asked is in the request's head, with a query that it reads itself; on the event loop, as a
        /// head is small.
        record Head(String method, Consumer<Exchange> handler) implements Handling {}

        /// Makes the connection a WebSocket; on the event loop.
        record Socket(Consumer<Exchange> handler) implements Handling {
            @Override
            public String method() {
                return "GET";
            }
        }

        /// The path is known, and the method is none of those that it takes.
        ///
        /// @param method all that it takes, as `Allow` says them
        record OtherMethod(String method) implements Handling {}
    }
}
