/// TorchScript models as deployments. Read [dev.redoubt.runtime.torch.TorchRuntime] first for the server's
/// side, [dev.redoubt.runtime.torch.TorchWorker] for a worker's. Knows nothing of routing or HTTP; what a file
/// may hold is decided by [dev.redoubt.trust.TorchScriptFile].
@NullMarked
package dev.redoubt.runtime.torch;

import org.jspecify.annotations.NullMarked;
