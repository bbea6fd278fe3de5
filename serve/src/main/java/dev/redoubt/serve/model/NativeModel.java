package dev.redoubt.serve.model;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Payload;

/// A loaded model. Safe for any thread but for [#close].
public interface NativeModel extends AutoCloseable {
    /// Computes; on a platform thread, which native code may hold for long.
    ///
    /// @param ending is given what ends the run early, where there is such a thing
    /// @throws ServeException if the input is refused, or the output is none that may go out
    /// @throws Exception that [#fault] makes something of
    Payload run(Payload input, Ending ending) throws Exception;

    /// What a caller may see of a run that failed, and what the server's log may say of it.
    ServeException fault(Throwable fault);

    /// Gives its memory back; no run is in it and none will be.
    @Override
    void close();

    /// How one run is told that it is over.
    interface Ending {
        /// Before the library is called.
        ///
        /// @param terminate makes the library come back soon; called at most once, on any thread,
        ///     not after `over`
        /// @return whether there is still something to compute for
        boolean by(Runnable terminate);

        /// When the library has come back.
        void over();
    }
}
