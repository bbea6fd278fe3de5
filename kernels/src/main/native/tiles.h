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

// sums[r][o] = Σ c·q over the weights of one scale, for all sixteen rows of the tile; codes of the block's other half count as zero.
ALWAYS_INLINE void sum_codes(const int format, const int half, const uint8_t *codes, const block_tile *x, int32_t (*sums)[16]) {
    vi unpacked[WEIGHT_ROWS];
    UNROLL(8)
    for (int w = 0; w < WEIGHT_ROWS; w++)
        unpacked[w] = block_scales(format) == 1 || w / 4 == half ? codes_of(format, codes, w) : vi_set1(0);
    memory_is_read();
    tile_zero(TILE_SUMS);
    tile_load(TILE_X, x->q, BLOCK);
    tile_load(TILE_WEIGHTS, format == Q8_0 ? codes : (const uint8_t *) unpacked, 64);
    if (is_signed(format)) tile_dot_signed(TILE_SUMS, TILE_X, TILE_WEIGHTS);
    else tile_dot_unsigned(TILE_SUMS, TILE_X, TILE_WEIGHTS);
    tile_store(TILE_SUMS, sums, 64);
    memory_is_read();
}

// One group of 16 outputs × the first `rows` of a tile of sixteen rows; those behind are computed and dropped.
ALWAYS_INLINE void multiply_by_tile(
        const int format, const uint8_t *w, const block_tile *x, int64_t rows, int64_t blocks, float *out,
        int64_t out_stride, int add) {
    vf acc[TILE_ROWS];
    int32_t sums[TILE_ROWS][16] __attribute__((aligned(64)));
    UNROLL(16)
    for (int r = 0; r < TILE_ROWS; r++) acc[r] = vf_zero();
    const uint8_t *header = w;
    for (int64_t b = 0; b < blocks; b++, w += packed_block_bytes(format), x++) {
        if (b % span_blocks(format) == 0) {
            header = w;
            w += header_bytes(format);
        }
        UNROLL(2)
        for (int half = 0; half < block_scales(format); half++) {
            const int both = block_scales(format) == 1, offset = code_offset(format);
            sum_codes(format, half, w + codes_offset(format), x, sums);
            vf scale = scale_of(format, header, w, half);
            vf minimum = has_minimum(format) ? minimum_of(format, header, w, half) : vf_zero();
            vf weight_sum = weight_sum_of(format, w, half);
            UNROLL(16)
            for (int r = 0; r < TILE_ROWS; r++) {
                const block_terms *terms = &x->terms[r];
                const half_terms *halves = &x->halves[r];
                vi exact = vi_load(sums[r]);
                if (offset != 0)
                    exact = vi_add(exact, start_of(offset, both ? terms->negative_sum : halves->negative_sum[half]));
                vf sum = vf_fma(vf_set1(terms->zero), weight_sum, vi_to_float(exact));
                acc[r] = vf_fma(sum, vf_mul(scale, vf_set1(terms->scale)), acc[r]);
                if (has_minimum(format))
                    acc[r] = vf_fma(minimum, vf_set1(both ? terms->scaled_sum : halves->scaled_sum[half]), acc[r]);
            }
        }
    }
    UNROLL(16)
    for (int r = 0; r < TILE_ROWS; r++) {
        float *to = out + r * out_stride;
        if (r < rows) vf_store(to, add ? vf_add(vf_load(to), acc[r]) : acc[r]);
    }
}

ALWAYS_INLINE void multiply_by_tiles(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = packed_group_bytes(format, blocks);
    for (int64_t first = 0; first < rows; first += ROWS_AT_ONCE) {
        int64_t end = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
        for (int64_t group = group_from; group < group_to; group++)
            for (int64_t row = first; row < end; row += TILE_ROWS)
                multiply_by_tile(
                        format, w + group * group_bytes, x + row / TILE_ROWS * blocks, end - row, blocks,
                        out + row * out_stride + group * 16, out_stride, add);
    }
}

// Whole tiles of rows by tiles, and what is left as blocks.h does it, if it is little: avx512.c has that compiled. The configuration belongs
// to the thread, so it is given back: nobody else on this thread finds tiles in use.
ALWAYS_INLINE void multiply_groups_by_tiles(
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
        redoubt_avx512_multiply_blocks(
                format, w, group_from, group_to, x + whole / TILE_ROWS * blocks, rows - whole, blocks,
                out + whole * out_stride, out_stride, add);
}

#endif
