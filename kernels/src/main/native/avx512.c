// AVX-512 (F, BW, DQ, VL) with VNNI.
#include "simd_avx512.h"

#define ISA avx512
#include "kernels.h"
