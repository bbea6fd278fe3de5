package dev.redoubt.engine.kvcache;

/// A fixed set of KV-cache blocks, shared by reference count inside one cache scope.
final class BlockPool {}
