// The rows of a step quantized to int8 with a zero point in blocks of 32: the arithmetic of Activations.java, in the order in
// which the kernels below read it.
#ifndef REDOUBT_ACTIVATIONS_H
#define REDOUBT_ACTIVATIONS_H

// Sixteen rows make a tile (the last one may have fewer), a tile is its blocks in order, and a block holds all that is needed of
// its rows, so that one base address serves a whole inner loop. A value is scale · (q + zero).
enum { TILE_ROWS = 16, BLOCK = 32 };

typedef struct {
    float scale;
    float zero; // the zero point, an integer
    float scaled_sum; // scale · the sum of q + zero over the block
    int32_t negative_sum; // -8 · the sum of q over the block
} block_terms;

// Of the first 16 and the last 16 values of a block, for weights with a scale for each 16.
typedef struct {
    float scaled_sum[2];
    int32_t negative_sum[2];
} half_terms;

typedef struct {
    int8_t q[TILE_ROWS][BLOCK];
    block_terms terms[TILE_ROWS];
    half_terms halves[TILE_ROWS];
} block_tile;

static inline int32_t negative(float sum) { return sum == sum ? -8 * (int32_t) sum : 0; }

static inline void quantize_block(const float *x, int8_t *q, block_terms *terms, half_terms *halves) {
    vf x0 = vf_load(x), x1 = vf_load(x + 16);
    float lo = vf_smallest(vf_min(x0, x1));
    float hi = vf_largest(vf_max(x0, x1));
    if (vf_has_nan(x0, x1)) lo = hi = __builtin_nanf(""); // min and max pass over it; the result must not
    float below = lo < 0 ? -lo : lo, above = hi < 0 ? -hi : hi;
    float amax = above > below ? above : below;
    float by_range = (hi - lo) / 252, by_level = amax / 4095;
    float scale = amax < 0x1p-100f ? 0 : by_range > by_level ? by_range : by_level;
    float factor = scale == 0 ? 0 : 1 / scale;
    float zero = ((hi + lo) * 0.5f * factor + ROUND) - ROUND;
    vf round = vf_set1(ROUND), by = vf_set1(factor);
    vf q0 = vf_sub(vf_sub(vf_add(vf_mul(x0, by), round), round), vf_set1(zero));
    vf q1 = vf_sub(vf_sub(vf_add(vf_mul(x1, by), round), round), vf_set1(zero));
    vf_store_i8(q, q0);
    vf_store_i8(q + 16, q1);
    float sums[] = {vf_tree(q0), vf_tree(q1)}; // of integers: exact
    float sum = sums[0] + sums[1];
    terms->scale = scale;
    terms->zero = zero;
    terms->scaled_sum = scale * (sum + 32 * zero);
    terms->negative_sum = negative(sum);
    for (int half = 0; half < 2; half++) {
        halves->scaled_sum[half] = scale * (sums[half] + 16 * zero);
        halves->negative_sum[half] = negative(sums[half]);
    }
}

static void quantize_rows(const float *in, int64_t stride, int64_t from, int64_t to, int64_t blocks, block_tile *out) {
    for (int64_t row = from; row < to; row++) {
        block_tile *tile = out + row / TILE_ROWS * blocks;
        int64_t place = row % TILE_ROWS;
        for (int64_t b = 0; b < blocks; b++)
            quantize_block(in + row * stride + b * BLOCK, tile[b].q[place], &tile[b].terms[place], &tile[b].halves[place]);
    }
}

#endif
