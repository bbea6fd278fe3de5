package dev.redoubt.serve.route;

/// What a router has done and is doing; `submitted` = `completed` + `failed` + running + queued, but for calls
/// that are between two of these.
///
/// @param running calls that hold a place in a replica, also those whose caller has its answer already
/// @param queued calls that wait for a place
/// @param failed of those submitted, with refused, late and cancelled ones
/// @param refused of those that failed: there was no place to wait
/// @param retried calls that a replica would not start, given to another
/// @param ongoingSeconds running and queued calls, summed up over time; the difference of two readings by the
///     time between them is the mean
public record RouterLoad(
        int running,
        int queued,
        long submitted,
        long completed,
        long failed,
        long refused,
        long retried,
        double ongoingSeconds) {
    /// What the autoscaler goes by.
    public int ongoing() {
        return running + queued;
    }
}
