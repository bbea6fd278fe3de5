package dev.redoubt.serve.worker;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Runs something on the JDK's own cleaner thread, which is there before `main`: it shuts down a pool that nobody
/// refers to, by interrupting the pool's threads, and what an interrupt does is a method of the thread's class. A
/// handler could do the same, so what holds for handlers has to hold for that thread.
final class JdkCleaner {
    private static final String NAME = "Common-Cleaner";
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private JdkCleaner() {}

    /// @return what the action says; false where it did not run in time
    static boolean run(BooleanSupplier action) {
        CompletableFuture<Boolean> said = new CompletableFuture<>();
        drop(action, said);
        long end = System.nanoTime() + WAIT_NANOS;
        for (int looks = 0; !said.isDone() && System.nanoTime() - end < 0; looks++) {
            if (looks % 50 == 0) System.gc(); // of a heap with next to nothing in it
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return said.getNow(false);
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private static void drop(BooleanSupplier action, CompletableFuture<Boolean> said) {
        try {
            Executors.newSingleThreadExecutor(work -> new Interrupted(work, action, said))
                    .submit(() -> {})
                    .get();
        } catch (Exception impossible) {
            throw new AssertionError("an action that does nothing failed", impossible);
        }
    }

    private static final class Interrupted extends Thread {
        private final BooleanSupplier action;
        private final CompletableFuture<Boolean> said;

        Interrupted(Runnable work, BooleanSupplier action, CompletableFuture<Boolean> said) {
            super(work, "cleaner-probe");
            setDaemon(true);
            this.action = action;
            this.said = said;
        }

        @Override
        public void interrupt() {
            if (Thread.currentThread().getName().equals(NAME) && !said.isDone()) said.complete(action.getAsBoolean());
            super.interrupt();
        }
    }
}
