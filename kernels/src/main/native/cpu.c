// What this processor can run and its system lets it run.
#include "redoubt.h"

#include <cpuid.h>

enum { AVX2 = 1, AVX_VNNI = 2, AVX512_VNNI = 4, AVX512_BF16 = 8 };

static uint64_t enabled_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t) high << 32 | low;
}

static int has(uint32_t word, int bit) { return (int) (word >> bit & 1); }

int32_t redoubt_cpu_features(void) {
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 0;
    int osxsave = has(ecx, 27), avx = has(ecx, 28), fma = has(ecx, 12), f16c = has(ecx, 29);
    if (!osxsave || !avx) return 0;
    uint64_t state = enabled_state();
    if ((state & 0x6) != 0x6) return 0; // xmm and ymm
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 0;
    uint32_t subleaves = eax;
    if (!has(ebx, 5) || !fma || !f16c) return 0;
    int32_t features = AVX2;
    int avx512 = has(ebx, 16) && has(ebx, 17) && has(ebx, 30) && has(ebx, 31); // F, DQ, BW, VL
    if (avx512 && has(ecx, 11) && (state & 0xE6) == 0xE6) features |= AVX512_VNNI;
    if (subleaves >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
        if (has(eax, 4)) features |= AVX_VNNI;
        if (has(eax, 5) && (features & AVX512_VNNI) && redoubt_bf16_is_as_defined()) features |= AVX512_BF16;
    }
    return features;
}
