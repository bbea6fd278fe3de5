// Products of quantized weights by the tiles of AMX: sixteen rows of activations × sixteen outputs × 32 k in one instruction. The sums
// are exact integers, so what blocks.h makes of them has the same bits.
#ifndef REDOUBT_TILES_H
#define REDOUBT_TILES_H

#ifdef REDOUBT_TILES_EMULATED
#include "tiles_emulated.h"
#else
// The compiler's tile functions are assembly that says nothing of the memory it reads and writes: memory_is_read() stands around it.
#define tile_configure(config) _tile_loadconfig(config)
#define tile_release() _tile_release()
#define tile_zero(tile) _tile_zero(tile)
#define tile_load(tile, from, stride) _tile_loadd(tile, from, stride)
#define tile_store(tile, to, stride) _tile_stored(tile, to, stride)
#define tile_dot_signed(sums, x, weights) _tile_dpbssd(sums, x, weights)
#define tile_dot_unsigned(sums, x, weights) _tile_dpbsud(sums, x, weights)
#endif

static inline void memory_is_read(void) { __asm__ volatile("" ::: "memory"); }

// The tiles: by macros, since the compiler makes names of registers of them.
#define TILE_SUMS 0
#define TILE_X 1
#define TILE_WEIGHTS 2
enum { WEIGHT_ROWS = BLOCK / 4 }; // four k of sixteen outputs each: a vector of R16 as it lies
enum { TILE_ROWS_MIN = 8 }; // below that, rows by themselves

// Intel SDM, volume 1, 18.3: palette 1.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static const tile_config CONFIG = {
        .palette = 1,
        .row_bytes = {[TILE_SUMS] = 64, [TILE_X] = BLOCK, [TILE_WEIGHTS] = 64},
        .rows = {[TILE_SUMS] = TILE_ROWS, [TILE_X] = TILE_ROWS, [TILE_WEIGHTS] = WEIGHT_ROWS},
};

// sums[r][o] = Σ w·q of one block, for all sixteen rows of the tile.
static inline __attribute__((always_inline)) void sum_block(
        const int format, const uint8_t *quants, const block_tile *x, int32_t (*sums)[16]) {
    tile_zero(TILE_SUMS);
    tile_load(TILE_X, x->q, BLOCK);
    if (format == Q8_0) {
        tile_load(TILE_WEIGHTS, quants, 64);
        tile_dot_signed(TILE_SUMS, TILE_X, TILE_WEIGHTS);
    } else {
        vi unpacked[WEIGHT_ROWS], nibble = vi_set1(0x0F0F0F0F);
#pragma GCC unroll 4
        for (int v = 0; v < WEIGHT_ROWS / 2; v++) {
            vi both = vi_load(quants + 64 * v);
            unpacked[v] = vi_and(both, nibble);
            unpacked[v + WEIGHT_ROWS / 2] = vi_and(vi_shift_right(both, 4), nibble);
        }
        memory_is_read();
        tile_load(TILE_WEIGHTS, unpacked, 64);
        tile_dot_unsigned(TILE_SUMS, TILE_X, TILE_WEIGHTS);
    }
    tile_store(TILE_SUMS, sums, 64);
    memory_is_read();
}

// One group of 16 outputs × the first `rows` of a tile of sixteen rows; those behind are computed and dropped.
static inline __attribute__((always_inline)) void multiply_by_tile(
        const int format, const uint8_t *w, const block_tile *x, int64_t rows, int64_t blocks, float *out,
        int64_t out_stride, int add) {
    vf acc[TILE_ROWS];
    int32_t sums[TILE_ROWS][16] __attribute__((aligned(64)));
#pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++) acc[r] = vf_zero();
    for (int64_t b = 0; b < blocks; b++, w += packed_block_bytes(format), x++) {
        sum_block(format, w + header_bytes(format), x, sums);
        vf scale = vf_load_f16((const uint16_t *) w);
        vf minimum = format == Q4_1 ? vf_load_f16((const uint16_t *) (w + 32)) : vf_zero();
        vf weight_sum = vf_load_i16((const int16_t *) (w + header_bytes(format) - 32));
#pragma GCC unroll 16
        for (int r = 0; r < TILE_ROWS; r++) {
            const block_terms *terms = &x->terms[r];
            vi exact = vi_load(sums[r]);
            if (format == Q4_0) exact = vi_add(exact, vi_set1(terms->negative_sum));
            vf sum = vf_fma(vf_set1(terms->zero), weight_sum, vi_to_float(exact));
            acc[r] = vf_fma(sum, vf_mul(scale, vf_set1(terms->scale)), acc[r]);
            if (format == Q4_1) acc[r] = vf_fma(minimum, vf_set1(terms->scaled_sum), acc[r]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++) {
        float *to = out + r * out_stride;
        if (r < rows) vf_store(to, add ? vf_add(vf_load(to), acc[r]) : acc[r]);
    }
}

static inline __attribute__((always_inline)) void multiply_by_tiles(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = blocks * packed_block_bytes(format);
    for (int64_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        int64_t end = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
        for (int64_t group = group_from; group < group_to; group++)
            for (int64_t row = first; row < end; row += TILE_ROWS)
                multiply_by_tile(
                        format, w + group * group_bytes, x + row / TILE_ROWS * blocks, end - row, blocks,
                        out + row * out_stride + group * 16, out_stride, add);
    }
}

// Whole tiles of rows by tiles, and what is left as blocks.h does it, if it is little. The configuration belongs to the thread, so it is
// given back: nobody else on this thread finds tiles in use.
static inline __attribute__((always_inline)) void multiply_groups_by_tiles(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t whole = rows % TILE_ROWS < TILE_ROWS_MIN ? rows - rows % TILE_ROWS : rows;
    if (whole > 0) {
        memory_is_read();
        tile_configure(&CONFIG);
        multiply_by_tiles(format, w, group_from, group_to, x, whole, blocks, out, out_stride, add);
        tile_release();
    }
    if (whole < rows)
        multiply_groups(
                format, w, group_from, group_to, x + whole / TILE_ROWS * blocks, rows - whole, blocks,
                out + whole * out_stride, out_stride, add);
}

#endif
