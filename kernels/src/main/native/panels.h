// Products of quantized weights with many rows of activations: a stretch of 16 outputs is unpacked once for all of them, not once for
// each tile of rows. Operations and their order are those of blocks.h.
#ifndef REDOUBT_PANELS_H
#define REDOUBT_PANELS_H

enum { PANEL_BLOCKS = 8, PANEL_WORDS = BLOCK / 4 };

// What is left of up to eight blocks of 16 rows when they are unpacked: 4 KiB of codes, which stay in the first-level cache.
typedef struct {
    uint8_t codes[PANEL_BLOCKS][64 * PANEL_WORDS] __attribute__((aligned(64)));
    weight_terms terms[PANEL_BLOCKS][2];
} panel;

// Blocks from w on, where a span begins. Returns what lies behind them.
ALWAYS_INLINE const uint8_t *unpack_panel(const int format, const uint8_t *w, int64_t blocks, panel *to) {
    const uint8_t *header = w;
    for (int64_t b = 0; b < blocks; b++, w += packed_block_bytes(format)) {
        if (b % span_blocks(format) == 0) {
            header = w;
            w += header_bytes(format);
        }
        UNROLL(8)
        for (int word = 0; word < PANEL_WORDS; word++)
            vi_store(to->codes[b] + 64 * word, factors_of(format, w + codes_offset(format), word));
        UNROLL(2)
        for (int half = 0; half < block_scales(format); half++) to->terms[b][half] = terms_of(format, header, w, half);
    }
    return w;
}

// sums += Σ c·q as multiply_codes does it. Where one sum takes all words, the loop over them stays a loop: unrolled, more is in flight than
// registers hold.
ALWAYS_INLINE void multiply_unpacked(
        const int rows, const int format, const int half, const uint8_t *codes, const int8_t *q, vi *sums) {
    const int words = PANEL_WORDS / block_scales(format);
    if (!is_signed(format) && dots_at_once(code_bits(format)) < words) {
        multiply_codes(rows, 1, format, 1, half, codes, 0, q, sums);
        return;
    }
    vi dots[TILE_MAX];
    UNROLL(16)
    for (int r = 0; r < rows; r++) dots[r] = is_signed(format) ? sums[r] : dots_begin(sums[r]);
    UNROLL(2)
    for (int word = words * half; word < words * (half + 1); word++) {
        vi weights = vi_load(codes + 64 * word);
        UNROLL(16)
        for (int r = 0; r < rows; r++) {
            vi four = activation(q + BLOCK * r + 4 * word);
            dots[r] = is_signed(format) ? q8_dot(dots[r], weights, four) : dots_add(dots[r], weights, four);
        }
    }
    UNROLL(16)
    for (int r = 0; r < rows; r++) sums[r] = is_signed(format) ? dots[r] : dots_end(sums[r], dots[r]);
}

// Adds the products of a panel to 16 sums for each of `rows` rows.
ALWAYS_INLINE void multiply_panel(
        const int rows, const int format, const panel *from, int64_t blocks, const block_tile *x, int64_t row,
        float (*sums)[16]) {
    vf acc[TILE_MAX];
    UNROLL(16)
    for (int r = 0; r < rows; r++) acc[r] = vf_load(sums[r]);
    for (int64_t b = 0; b < blocks; b++, x++) {
        UNROLL(2)
        for (int half = 0; half < block_scales(format); half++) {
            vi exact[TILE_MAX];
            start_sums(rows, 1, format, half, x, row, exact);
            multiply_unpacked(rows, format, half, from->codes[b], x->q[row], exact);
            add_scaled_sums(rows, 1, format, half, x, row, &from->terms[b][half], exact, acc);
        }
    }
    UNROLL(16)
    for (int r = 0; r < rows; r++) vf_store(sums[r], acc[r]);
}

#ifdef REDOUBT_HALF_PANELS
#include "half_panels.h"
#endif

// All rows of a few tiles with a panel. Meanwhile the next panel comes from memory.
ALWAYS_INLINE void multiply_rows_by_panel(
        const int format, const panel *from, const uint8_t *next, int64_t bytes, const block_tile *x, int64_t rows,
        int64_t blocks, int64_t blocks_of_row, float (*sums)[16]) {
    int64_t lines = (bytes + 63) / 64, tiles = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS, each = (lines + tiles - 1) / tiles;
    for (int64_t row = 0; row < rows;) {
        for (int64_t line = 0; line < each; line++, next += 64) _mm_prefetch((const char *) next, _MM_HINT_T1);
        const block_tile *tile = x + row / TILE_ROWS * blocks_of_row;
#define ROWS(N) \
    multiply_panel(N, format, from, blocks, tile, row % TILE_ROWS, sums + row); \
    row += N
#ifdef REDOUBT_HALF_PANELS
        if (is_signed(format) && rows - row >= HALF_PANEL_ROWS) {
            multiply_half_panel(0, from, blocks, tile, row % TILE_ROWS, sums + row);
            multiply_half_panel(1, from, blocks, tile, row % TILE_ROWS, sums + row);
            row += HALF_PANEL_ROWS;
        } else
#endif
        if (rows - row >= BLOCK_ROWS) {
            ROWS(BLOCK_ROWS);
        } else {
            ROWS(1);
        }
#undef ROWS
    }
}

// One group of 16 outputs, at most ROWS_AT_ONCE rows.
ALWAYS_INLINE void multiply_group_by_panels(
        const int format, const uint8_t *w, const block_tile *x, int64_t rows, int64_t blocks, float *out,
        int64_t out_stride, int add) {
    panel unpacked;
    float sums[ROWS_AT_ONCE][16] = {0};
    for (int64_t b = 0; b < blocks; b += PANEL_BLOCKS) {
        int64_t count = blocks - b < PANEL_BLOCKS ? blocks - b : PANEL_BLOCKS;
        const uint8_t *behind = unpack_panel(format, w, count, &unpacked);
        multiply_rows_by_panel(format, &unpacked, behind, behind - w, x + b, rows, count, blocks, sums);
        w = behind;
    }
    for (int64_t r = 0; r < rows; r++) {
        float *to = out + r * out_stride;
        vf sum = vf_load(sums[r]);
        vf_store(to, add ? vf_add(vf_load(to), sum) : sum);
    }
}

ALWAYS_INLINE void multiply_groups_by_panels_or_tiles(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    if (PANEL_ROWS_MIN == 0 || rows < PANEL_ROWS_MIN) {
        multiply_groups(format, w, group_from, group_to, x, rows, blocks, out, out_stride, add);
        return;
    }
    int64_t group_bytes = packed_group_bytes(format, blocks);
    for (int64_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        int64_t count = rows - first < ROWS_AT_ONCE ? rows - first : ROWS_AT_ONCE;
        for (int64_t group = group_from; group < group_to; group++)
            multiply_group_by_panels(
                    format, w + group * group_bytes, x + first / TILE_ROWS * blocks, count, blocks,
                    out + first * out_stride + group * 16, out_stride, add);
    }
}

#endif
