// AVX-512 (F, BW, DQ, VL) with VNNI and BF16, and the tiles of AMX for products of bytes.
#define REDOUBT_AVX512_BF16
#define REDOUBT_AMX
#include "simd_avx512.h"

#define ISA amx
#include "kernels.h"

enum { CHECK_ROWS = 32, CHECK_BLOCKS = 8, CHECK_GROUPS = 2, CHECK_OUTPUTS = 16 * CHECK_GROUPS };

static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

// Products over all bytes by tiles and without them. Bytes of weights are random, headers are those of finite numbers.
int redoubt_tiles_are_as_defined(void) {
    static uint8_t weights[CHECK_GROUPS * CHECK_BLOCKS * (64 * 8 + 64)]; // those of Q8_0, the largest
    static block_tile activations[CHECK_ROWS / TILE_ROWS * CHECK_BLOCKS];
    static float in[CHECK_ROWS * CHECK_BLOCKS * BLOCK], by_tiles[CHECK_ROWS * CHECK_OUTPUTS], without[CHECK_ROWS * CHECK_OUTPUTS];
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) in[i] = (float) (int32_t) next_random(&state);
    redoubt_avx512_quantize(in, CHECK_BLOCKS * BLOCK, 0, CHECK_ROWS, CHECK_BLOCKS, activations);
    for (int32_t format = FORMAT_FIRST; format <= FORMAT_LAST; format++) {
        int64_t span = packed_group_bytes(format, span_blocks(format));
        for (size_t i = 0; i < sizeof weights; i++) {
            int header = (int64_t) i % span < header_bytes(format);
            weights[i] = (uint8_t) (next_random(&state) >> (header ? 26 : 24));
        }
        redoubt_amx_multiply_blocks(
                format, weights, 0, CHECK_GROUPS, activations, CHECK_ROWS, CHECK_BLOCKS, by_tiles, CHECK_OUTPUTS, 0);
        redoubt_avx512_multiply_blocks(
                format, weights, 0, CHECK_GROUPS, activations, CHECK_ROWS, CHECK_BLOCKS, without, CHECK_OUTPUTS, 0);
        if (memcmp(by_tiles, without, sizeof without) != 0) return 0;
    }
    return 1;
}
