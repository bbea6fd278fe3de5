// AVX2 with FMA and F16C.
#include "simd_avx2.h"

#define ISA avx2
#include "kernels.h"
