package dev.redoubt.serve;

import java.util.Iterator;

/// Items as they come. `hasNext` waits; a failure of the call is a [ServeException] of it. Closing cancels what
/// still runs. For one thread.
public interface ResponseStream<O> extends Iterator<O>, AutoCloseable {
    @Override
    void close();
}
