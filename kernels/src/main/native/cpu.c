// What this processor can run and its system lets it run.
#define _GNU_SOURCE
#include "redoubt.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { AVX2 = 1, AVX_VNNI = 2, AVX512_VNNI = 4, AVX512_BF16 = 8, AMX_INT8 = 16 };

static uint64_t enabled_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t) high << 32 | low;
}

static int has(uint32_t word, int bit) { return (int) (word >> bit & 1); }

// Linux saves tile data only for a process that has asked (Documentation/arch/x86/xstate.rst); it holds for every thread.
static int tiles_permitted(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
}

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
    int tiles = has(edx, 24) && has(edx, 25) && (state & 0x60000) == 0x60000; // tiles, of bytes; their configuration and data
    int avx512 = has(ebx, 16) && has(ebx, 17) && has(ebx, 30) && has(ebx, 31); // F, DQ, BW, VL
    if (avx512 && has(ecx, 11) && (state & 0xE6) == 0xE6) features |= AVX512_VNNI;
    if (subleaves >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
        if (has(eax, 4)) features |= AVX_VNNI;
        if (has(eax, 5) && (features & AVX512_VNNI) && redoubt_bf16_is_as_defined()) features |= AVX512_BF16;
    }
    if (tiles && (features & AVX512_BF16) && tiles_permitted() && redoubt_tiles_are_as_defined()) features |= AMX_INT8;
    return features;
}
