package dev.redoubt.trust;

import org.jspecify.annotations.Nullable;

/// The functions that a pickle of TorchScript may call.
enum PickleFunction {
    /// An empty table, where hooks of a tensor would be.
    ORDERED_DICT,
    TENSOR,
    /// A list of numbers, truths or tensors.
    LIST,
    /// A value and its type as a text.
    TYPE_TAG,
    DEVICE;

    /// @return none if TorchScript writes no such name, or none that is read here
    static @Nullable PickleFunction find(String module, String member) {
        return switch (module + " " + member) {
            case "collections OrderedDict" -> ORDERED_DICT;
            case "torch._utils _rebuild_tensor_v2" -> TENSOR;
            case "torch.jit._pickle build_intlist",
                    "torch.jit._pickle build_doublelist",
                    "torch.jit._pickle build_boollist",
                    "torch.jit._pickle build_tensorlist" -> LIST;
            case "torch.jit._pickle restore_type_tag" -> TYPE_TAG;
            case "torch device" -> DEVICE;
            default -> null;
        };
    }
}
