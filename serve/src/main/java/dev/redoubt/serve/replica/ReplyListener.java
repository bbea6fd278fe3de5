package dev.redoubt.serve.replica;

import dev.redoubt.base.ServeException;

/// Told of what a call comes to: any number of items (one, where the deployment does not stream), then one end.
public interface ReplyListener {
    /// May wait while whoever reads is behind, which holds the maker of items back; a call that ends meanwhile
    /// interrupts it.
    void next(Payload item);

    /// Takes an item if it can do so without waiting, as [#next] would.
    ///
    /// @return false if it did not: it is to be told by [#next]
    default boolean offer(Payload item) {
        return false;
    }

    void completed();

    void failed(ServeException failure);

    /// The same end, where the replica has been told nothing of the call: another one may take it.
    default void notBegun(ServeException failure) {
        failed(failure);
    }
}
