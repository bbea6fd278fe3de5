package dev.redoubt.base.generation;

/// How a model runs, for its operator; does not change while it does.
///
/// @param kernels who computes, one line for people
/// @param threads compute threads
/// @param prefixCache inside what computed prefixes are used again: `off`, `principal` or `tenant`
/// @param kvFormat how keys and values are stored, such as `f16`
/// @param kvBytes of the KV pool
/// @param memoryBytes of weights, activations of the largest step and KV pool: all that it computes with, reserved at
/// its start
/// @param kvLocked whether all of the pool that is ever touched stays in memory (V2.2)
public record ModelRuntime(
        String kernels,
        int threads,
        String prefixCache,
        String kvFormat,
        long kvBytes,
        long memoryBytes,
        boolean kvLocked) {}
