// Products of quantized weights: 16 outputs at a time, which are the lanes; no sum over lanes exists.
#ifndef REDOUBT_BLOCKS_H
#define REDOUBT_BLOCKS_H

// R16.java describes the packed weights. For one block of 32 k and one output, exact integers all:
//
//     Σ w·t = Σ (w + offset)·q - offset · Σ q + zero · Σ w      (t = q + zero; the offset makes w unsigned for vpdpbusd)
//
// then acc = fma(that, wScale · xScale, acc), and for Q4_1 acc = fma(wMinimum, xScale · Σ t, acc), block after block.

enum { Q8_0 = 3, Q4_0 = 4, Q4_1 = 5 }; // NativeKernels.number

static inline int header_bytes(int format) { return format == Q4_1 ? 96 : 64; }
static inline int packed_block_bytes(int format) { return format == Q8_0 ? 576 : format == Q4_0 ? 320 : 352; }

static inline vi activation(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, 4);
    return vi_set1(four);
}

enum { TILE_MAX = 16, GROUPS_MAX = 4 };

// `rows` rows of activations against `groups` groups of 16 outputs (constants where this is inlined): weights are unpacked once for all
// rows, activations are loaded once for all groups. Meanwhile the next groups come from memory: `lines` cache lines from `next` on for
// each block.
static inline __attribute__((always_inline)) void multiply_tile(
        const int rows, const int groups, const int format, const uint8_t *w, int64_t group_bytes, const uint8_t *next,
        int lines, const block_tile *x, int64_t row, int64_t blocks, float *out, int64_t out_stride, int add) {
    vf acc[TILE_MAX];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int g = 0; g < groups; g++) acc[r * groups + g] = vf_zero();
    for (int64_t b = 0; b < blocks; b++, w += packed_block_bytes(format), x++) {
        for (int line = 0; line < lines; line++, next += 64) _mm_prefetch((const char *) next, _MM_HINT_T1);
        const int8_t *q = x->q[row];
        const block_terms *terms = &x->terms[row];
        vi sums[TILE_MAX];
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            int offset = format == Q8_0 ? Q8_OFFSET : format == Q4_0 ? 8 : 0;
            vi start = vi_set1(offset == 0 ? 0 : terms[r].negative_sum);
#pragma GCC unroll 4
            for (int g = 0; g < groups; g++) sums[r * groups + g] = offset == 128 ? vi_shift_left(start, 4) : start;
        }
        const uint8_t *quants = w + header_bytes(format);
        if (format == Q8_0) {
#pragma GCC unroll 8
            for (int v = 0; v < 8; v++) {
                vi weights[GROUPS_MAX];
#pragma GCC unroll 4
                for (int g = 0; g < groups; g++) weights[g] = q8_weights(vi_load(quants + g * group_bytes + 64 * v));
#pragma GCC unroll 16
                for (int r = 0; r < rows; r++) {
                    vi four = activation(q + BLOCK * r + 4 * v);
#pragma GCC unroll 4
                    for (int g = 0; g < groups; g++) sums[r * groups + g] = q8_dot(sums[r * groups + g], weights[g], four);
                }
            }
        } else {
            vi nibble = vi_set1(0x0F0F0F0F);
#pragma GCC unroll 4
            for (int v = 0; v < 4; v++) {
                vi low[GROUPS_MAX], high[GROUPS_MAX];
#pragma GCC unroll 4
                for (int g = 0; g < groups; g++) {
                    vi both = vi_load(quants + g * group_bytes + 64 * v);
                    low[g] = vi_and(both, nibble);
                    high[g] = vi_and(vi_shift_right(both, 4), nibble);
                }
#pragma GCC unroll 16
                for (int r = 0; r < rows; r++) {
                    vi four = activation(q + BLOCK * r + 4 * v);
#pragma GCC unroll 4
                    for (int g = 0; g < groups; g++) sums[r * groups + g] = vi_dot(sums[r * groups + g], low[g], four);
                    four = activation(q + BLOCK * r + 16 + 4 * v);
#pragma GCC unroll 4
                    for (int g = 0; g < groups; g++) sums[r * groups + g] = vi_dot(sums[r * groups + g], high[g], four);
                }
            }
        }
        vf scale[GROUPS_MAX], minimum[GROUPS_MAX], weight_sum[GROUPS_MAX];
#pragma GCC unroll 4
        for (int g = 0; g < groups; g++) {
            const uint8_t *header = w + g * group_bytes;
            scale[g] = vf_load_f16((const uint16_t *) header);
            minimum[g] = format == Q4_1 ? vf_load_f16((const uint16_t *) (header + 32)) : vf_zero();
            weight_sum[g] = vf_load_i16((const int16_t *) (header + header_bytes(format) - 32));
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            vf zero = vf_set1(terms[r].zero), x_scale = vf_set1(terms[r].scale), x_sum = vf_set1(terms[r].scaled_sum);
#pragma GCC unroll 4
            for (int g = 0; g < groups; g++) {
                vf sum = vf_fma(zero, weight_sum[g], vi_to_float(sums[r * groups + g]));
                acc[r * groups + g] = vf_fma(sum, vf_mul(scale[g], x_scale), acc[r * groups + g]);
                if (format == Q4_1) acc[r * groups + g] = vf_fma(minimum[g], x_sum, acc[r * groups + g]);
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int g = 0; g < groups; g++) {
            float *to = out + r * out_stride + 16 * g;
            vf_store(to, add ? vf_add(vf_load(to), acc[r * groups + g]) : acc[r * groups + g]);
        }
    }
}

// With more tiles of rows than this, waiting for weights is too small a part to hide.
enum { PREFETCH_TILES_MAX = 16 };

// Rows `first` to `end` - 1 against `groups` groups.
static inline __attribute__((always_inline)) void multiply_rows(
        const int groups, const int format, const uint8_t *w, const block_tile *x, int64_t first, int64_t end,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = blocks * packed_block_bytes(format);
    int64_t tiles = (end - first + BLOCK_ROWS - 1) / BLOCK_ROWS;
    int lines = tiles > PREFETCH_TILES_MAX ? 0 : (int) ((groups * packed_block_bytes(format) + 64 * tiles - 1) / (64 * tiles));
    const uint8_t *next = w + groups * group_bytes;
    int64_t row = first;
    while (row < end) {
        const block_tile *tile = x + row / TILE_ROWS * blocks;
        int64_t left = end - row;
#define ROWS(N) \
    multiply_tile( \
            N, groups, format, w, group_bytes, next, lines, tile, row % TILE_ROWS, blocks, out + row * out_stride, \
            out_stride, add); \
    next += 64 * lines * blocks; \
    row += N
        if (left >= BLOCK_ROWS) {
            ROWS(BLOCK_ROWS);
        } else if (BLOCK_ROWS > 2 && left >= 2) {
            ROWS(2);
        } else {
            ROWS(1);
        }
#undef ROWS
    }
}

// Rows of activations that stay in the second-level cache while the groups pass.
enum { ROWS_AT_ONCE = 64 };

static inline __attribute__((always_inline)) void multiply_groups(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = blocks * packed_block_bytes(format);
    for (int64_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        int64_t end = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
        int64_t group = group_from;
        for (; group + BLOCK_GROUPS <= group_to; group += BLOCK_GROUPS)
            multiply_rows(
                    BLOCK_GROUPS, format, w + group * group_bytes, x, first, end, blocks, out + group * 16, out_stride, add);
        if (BLOCK_GROUPS > 1)
            for (; group < group_to; group++)
                multiply_rows(1, format, w + group * group_bytes, x, first, end, blocks, out + group * 16, out_stride, add);
    }
}

#endif
