// AVX-512 (F, BW, DQ, VL) with VNNI and BF16.
#define REDOUBT_AVX512_BF16
#include "simd_avx512.h"

#define ISA avx512bf16
#include "kernels.h"

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

// A weight whose product with `input` has an exponent at most 16 away from that of `sum`, if there is such a bf16.
static uint32_t weight_near(uint32_t sum, uint32_t input, uint32_t random) {
    int32_t exponent = (int32_t) (sum >> 23 & 255) + 127 - (int32_t) (input >> 7 & 255) + (int32_t) (random >> 8 & 31) - 16;
    uint32_t held = exponent < 0 ? 0 : exponent > 255 ? 255 : (uint32_t) exponent;
    return (random & 0x807F) | held << 7;
}

// Sums of two products by the instruction and by the definition. The products are near the sum, so that much is rounded and cancels;
// half of the sums are near the smallest normal number, where it matters what is flushed and when; some operands are subnormal,
// infinite or no numbers.
static __attribute__((noinline)) int differs(void) {
    uint32_t state = 1, sums[16], weights[16], inputs[16];
    for (int round = 0; round < 256; round++) {
        for (int lane = 0; lane < 16; lane++) {
            uint32_t sum = next_random(&state) & (round & 1 ? 0x87FFFFFF : 0xFFFFFFFF), input = next_random(&state);
            uint32_t odd = weight_near(sum, input >> 16, next_random(&state));
            uint32_t even = weight_near(sum, input & 0xFFFF, next_random(&state));
            sums[lane] = sum, inputs[lane] = input, weights[lane] = odd << 16 | even;
        }
        vf sum = vf_from_bits(vi_load(sums));
        vf given = vf_dot_bf16(sum, vi_load(weights), vi_load(inputs));
        vf expected = dot_apart(sum, vi_load(weights), vi_load(inputs));
        __mmask16 other_bits = _mm512_cmpneq_epi32_mask(vf_bits(given), vf_bits(expected));
        __mmask16 both_nan = _mm512_cmp_ps_mask(given, given, _CMP_UNORD_Q) & _mm512_cmp_ps_mask(expected, expected, _CMP_UNORD_Q);
        if (other_bits & ~both_nan) return 1;
    }
    return 0;
}

int redoubt_bf16_is_as_defined(void) {
    uint32_t before = flush_subnormals();
    int result = !differs();
    _mm_setcsr(before);
    return result;
}
