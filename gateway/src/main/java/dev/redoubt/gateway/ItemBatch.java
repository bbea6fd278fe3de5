package dev.redoubt.gateway;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;

/// Items of one stream on their way to its event loop, which is woken once for all that come before it takes
/// them. Safe for any thread.
final class ItemBatch {
    private List<Buffer> items = new ArrayList<>(); // guarded by this

    /// @return whether the loop must be woken: nobody has since it took the last ones
    synchronized boolean add(Buffer item) {
        items.add(item);
        return items.size() == 1;
    }

    synchronized List<Buffer> take() {
        List<Buffer> all = items;
        items = new ArrayList<>();
        return all;
    }
}
