package dev.redoubt.serve;

/// Answers one input by one output. Its class carries [Deployment]; `I` and `O` are records, or types of
/// [dev.redoubt.serve.schema.Schema], and are the deployment's schema: what does not fit never gets here.
///
/// Called by many threads at once, as many as `maxOngoingRequests`, each with [Call#current]. A replica has one
/// instance.
public interface Handler<I, O> extends Deployable {
    /// @throws Exception is a failure of the call: its caller gets an error id, the log its class and place
    O handle(I input) throws Exception;
}
