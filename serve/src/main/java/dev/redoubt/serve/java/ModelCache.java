package dev.redoubt.serve.java;

import dev.redoubt.base.FaultText;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The models of one multiplexed replica; the least recently used makes room. Safe for any thread.
final class ModelCache implements AutoCloseable {
    /* A model is loaded on a thread of its own, so that it does not end with the call that asked first: others wait
     * for it too. One that is evicted while calls use it is closed after the last of them, so for that long there is
     * one more than `modelsMax`. What fails to load is forgotten: the next call tries again. */

    private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

    @FunctionalInterface
    interface Loader {
        Object load(String modelId) throws Exception;
    }

    private static final class Entry {
        final String modelId;
        final CompletableFuture<Object> model = new CompletableFuture<>();
        int users; // guarded by the cache
        boolean evicted; // guarded by the cache

        Entry(String modelId) {
            this.modelId = modelId;
        }
    }

    private final Loader loader;
    private final int modelsMax;
    private final JavaServant.Place place;
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true); // guarded by this

    ModelCache(Loader loader, int modelsMax, JavaServant.Place place) {
        this.loader = loader;
        this.modelsMax = modelsMax;
        this.place = place;
    }

    /// A model that stays open until this is closed.
    final class Lease implements AutoCloseable {
        private final Entry entry;
        private final Object model;

        private Lease(Entry entry, Object model) {
            this.entry = entry;
            this.model = model;
        }

        Object model() {
            return model;
        }

        @Override
        public void close() {
            release(entry);
        }
    }

    /// Waits until it is loaded.
    ///
    /// @throws Exception of its loading
    Lease lease(String modelId) throws Exception {
        Entry entry = use(modelId);
        try {
            return new Lease(entry, entry.model.get());
        } catch (ExecutionException e) {
            release(entry);
            if (e.getCause() instanceof Exception fault) throw fault;
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException over) {
            release(entry);
            throw over;
        }
    }

    private Entry use(String modelId) {
        List<Entry> unused = new ArrayList<>();
        Entry entry;
        synchronized (this) {
            entry = entries.get(modelId);
            if (entry == null) {
                entry = new Entry(modelId);
                entries.put(modelId, entry);
                load(entry);
            }
            entry.users++;
            Iterator<Entry> eldest = entries.values().iterator();
            while (entries.size() > modelsMax) {
                Entry evicted = eldest.next();
                eldest.remove();
                evicted.evicted = true;
                if (evicted.users == 0) unused.add(evicted);
            }
        }
        unused.forEach(this::close);
        return entry;
    }

    private void load(Entry entry) {
        Thread.ofVirtual().name("load-" + place.replicaId()).start(() -> {
            try {
                entry.model.complete(loader.load(entry.modelId));
            } catch (Throwable fault) { // errors too: those who wait must hear of it
                synchronized (this) {
                    entries.remove(entry.modelId, entry);
                }
                entry.model.completeExceptionally(fault);
            }
        });
    }

    private void release(Entry entry) {
        synchronized (this) {
            entry.users--;
            if (!entry.evicted || entry.users > 0) return;
        }
        close(entry);
    }

    /// When it is loaded, if it still is not.
    private void close(Entry entry) {
        entry.model.thenAccept(model -> {
            if (!(model instanceof AutoCloseable closeable)) return;
            try {
                closeable.close();
            } catch (Exception fault) {
                LOG.warn(
                        "{} of {}: an evicted model does not close: {}",
                        place.replicaId(),
                        place.deployment(),
                        FaultText.of(fault));
            }
        });
    }

    @Override
    public void close() {
        List<Entry> unused = new ArrayList<>();
        synchronized (this) {
            for (Entry entry : entries.values()) {
                entry.evicted = true;
                if (entry.users == 0) unused.add(entry);
            }
            entries.clear();
        }
        unused.forEach(this::close);
    }
}
