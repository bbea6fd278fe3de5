package dev.redoubt.serve;

import java.util.List;

/// Answers inputs that came at about the same time together: one output for each, in their order. Its class
/// carries [Batched] too. One batch of a replica runs at a time. A batch that fails or gives another number of
/// outputs fails each of its calls.
public interface BatchHandler<I, O> extends Deployable {
    List<O> handle(List<I> inputs) throws Exception;
}
