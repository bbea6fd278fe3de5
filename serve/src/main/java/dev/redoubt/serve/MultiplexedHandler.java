package dev.redoubt.serve;

/// One deployment of many small models: each call names one ([Call#modelId]). Its class carries [Multiplexed]
/// too.
///
/// @param <M> what [#load] makes; closed when it is evicted, if it is [AutoCloseable]
public interface MultiplexedHandler<I, O, M> extends Deployable {
    /// Called once for a model that is not there; others for the same model wait for it.
    M load(String modelId) throws Exception;

    O handle(I input, M model) throws Exception;
}
