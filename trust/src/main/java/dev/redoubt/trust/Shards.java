package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// Digests of files cut into shards of one size, the last of a file being shorter.
final class Shards {
    private Shards() {}

    /// @param digests by `FILE:START:END`, added to
    /// @param problems where a file without bytes is named: it has no shard, so no signature of shards covers it
    static void digests(ModelFiles files, long shardBytes, Map<String, String> digests, Map<String, String> problems) {
        for (Map.Entry<String, MemorySegment> file : files.byName().entrySet()) {
            String name = file.getKey();
            MemorySegment bytes = file.getValue();
            if (bytes.byteSize() == 0)
                problems.put(
                        name, "'" + StrangerText.shown(name) + "' is empty, a signature of shards does not cover it");
            for (long start = 0; start < bytes.byteSize(); ) {
                long end = start + Math.min(shardBytes, bytes.byteSize() - start);
                digests.put(name + ":" + start + ":" + end, Sha256.of(bytes.asSlice(start, end - start)));
                start = end;
            }
        }
    }
}
