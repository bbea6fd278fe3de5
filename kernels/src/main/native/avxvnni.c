// AVX2 with FMA, F16C and the VEX-encoded VNNI.
#define REDOUBT_AVX_VNNI
#include "simd_avx2.h"

#define ISA avxvnni
#include "kernels.h"
