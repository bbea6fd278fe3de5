package dev.redoubt.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What the native kernels are compiled for; from the plainest to the one to prefer.
enum InstructionSet {
    /// With FMA and F16C.
    AVX2("AVX2", 1),
    /// AVX2 with the byte products of VNNI.
    AVXVNNI("AVX-VNNI", 2),
    /// F, BW, DQ, VL and VNNI.
    AVX512("AVX-512 VNNI", 4),
    /// AVX-512 with the products of bf16, found to compute what is defined.
    AVX512BF16("AVX-512 BF16", 8),
    /// That with tiles of bytes, found to give the same bits.
    AMX("AMX", 16);

    private final String title;
    private final int feature;

    InstructionSet(String title, int feature) {
        this.title = title;
        this.feature = feature;
    }

    /// For people.
    String title() {
        return title;
    }

    /// The functions of this set are called `redoubt_SYMBOL_…`; also what follows `native-` in a provider's name.
    String symbol() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Those in `features`, a number as `redoubt_cpu_features` returns it, in order of preference.
    static List<InstructionSet> of(int features) {
        List<InstructionSet> present = new ArrayList<>();
        for (InstructionSet set : values()) if ((features & set.feature) != 0) present.addFirst(set);
        return present;
    }
}
