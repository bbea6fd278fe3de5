// Products of quantized weights: 16 outputs at a time, which are the lanes; no sum over lanes exists.
#ifndef REDOUBT_BLOCKS_H
#define REDOUBT_BLOCKS_H

// For weights that share a scale (32 k, or 16) and one output, exact integers all:
//
//     Σ w·t = Σ c·q - offset · Σ q + zero · Σ w      (t = q + zero; w = c - offset, where a code c is unsigned)
//
// then acc = fma(that, wScale · xScale, acc), and with minima acc = fma(wMinimum, xScale · Σ t, acc), one after the other.
#include "formats.h"

static const int8_t TABLE[16] __attribute__((aligned(16))) = {CODE_TABLE};

static inline vi activation(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, 4);
    return vi_set1(four);
}

// To the left, or to the right if negative.
ALWAYS_INLINE vi shifted(vi x, int left) { return left >= 0 ? vi_shift_left(x, left) : vi_shift_right(x, -left); }
// Bits of every byte.
ALWAYS_INLINE vi bits_of(vi x, int mask) { return vi_and(x, vi_set1(mask * 0x01010101)); }

// Word `w` of 16 rows, one code a byte, or what it stands for where that is signed.
ALWAYS_INLINE vi codes_of(const int format, const uint8_t *codes, const int w) {
    const int bits = code_bits(format);
    if (bits == 8) return vi_load(codes + 64 * w);
    vi low = bits >= 4 ? bits_of(vi_shift_right(vi_load(codes + 64 * (w % 4)), 4 * (w / 4)), 15)
                       : bits_of(vi_shift_right(vi_load(codes + 64 * (w / 4)), 2 * (w % 4)), 3);
    if (is_indexed(format)) return vi_lookup(TABLE, low);
    if (bits == 6) return vi_or(low, bits_of(shifted(vi_load(codes + 256 + 64 * (w / 4)), 4 - 2 * (w % 4)), 0x30));
    if (bits == 5) return vi_or(low, bits_of(shifted(vi_load(codes + 256), 4 - w), 0x10));
    if (bits == 3) return vi_or(low, bits_of(shifted(vi_load(codes + 128), 2 - w), 0x04));
    return low;
}

// The scale of 16 rows.
ALWAYS_INLINE vf scale_of(const int format, const uint8_t *header, const uint8_t *block, const int half) {
    vf scale = vf_load_f16((const uint16_t *) header);
    if (span_blocks(format) == 1) return scale;
    const int8_t *factors = (const int8_t *) block + 16 * half;
    return vf_mul(scale, format == Q2_K ? vi_to_float(vi_and(vi_load_i8(factors), vi_set1(15))) : vf_load_i8(factors));
}

ALWAYS_INLINE vf minimum_of(const int format, const uint8_t *header, const uint8_t *block, const int half) {
    vf minimum = vf_load_f16((const uint16_t *) (header + 32));
    if (span_blocks(format) == 1) return minimum;
    vf factor = format == Q2_K
            ? vi_to_float(vi_and(vi_shift_right(vi_load_i8((const int8_t *) block + 16 * half), 4), vi_set1(15)))
            : vf_load_i8((const int8_t *) block + 16);
    return vf_negate(vf_mul(minimum, factor));
}

// Σ w of 32 weights of 8 bits. To read a stored sum would be a seventeenth more to read from memory.
ALWAYS_INLINE vf sum_of_bytes(const uint8_t *codes) {
    vi sum = vi_set1(0), dots = dots_begin(sum);
    UNROLL(8)
    for (int w = 0; w < BLOCK / 4; w++) dots = dots_add(dots, vi_set1(0x01010101), vi_load(codes + 64 * w));
    return vi_to_float(dots_end(sum, dots));
}

ALWAYS_INLINE vf weight_sum_of(const int format, const uint8_t *block, const int half) {
    if (sum_bytes(format) == 0) return sum_of_bytes(block + codes_offset(format));
    const uint8_t *sums = block + factor_bytes(format) + 16 * sum_bytes(format) * half;
    return sum_bytes(format) == 1 ? vf_load_i8((const int8_t *) sums) : vf_load_i16((const int16_t *) sums);
}

// What the products of weights that share a scale are multiplied by, of 16 rows.
typedef struct {
    vf scale, minimum, sum; // sum: Σ w
} weight_terms;

ALWAYS_INLINE weight_terms terms_of(const int format, const uint8_t *header, const uint8_t *block, const int half) {
    return (weight_terms) {
            scale_of(format, header, block, half),
            has_minimum(format) ? minimum_of(format, header, block, half) : vf_zero(),
            weight_sum_of(format, block, half),
    };
}

// Word `w` of 16 rows as it is multiplied.
ALWAYS_INLINE vi factors_of(const int format, const uint8_t *codes, const int w) {
    vi raw = codes_of(format, codes, w);
    return is_signed(format) ? q8_weights(raw) : raw;
}

// -offset · Σ q, from -8 · Σ q.
ALWAYS_INLINE vi start_of(const int offset, int32_t negative_sum) {
    return offset == 0 ? vi_set1(0)
            : offset == 4 ? vi_set1(negative_sum >> 1)
                          : vi_shift_left(vi_set1(negative_sum), offset == 8 ? 0 : offset == 16 ? 1 : offset == 32 ? 2 : 4);
}

enum { TILE_MAX = 16, GROUPS_MAX = 4 };

// sums += Σ c·q over the words of one scale, for `rows` rows of activations and `groups` groups of 16 outputs: codes are unpacked once
// for all rows (or are so already: panels.h), activations are loaded once for all groups. Two words at a time, both nibbles of a vector;
// signed ones, which take more registers, alone.
ALWAYS_INLINE void multiply_codes(
        const int rows, const int groups, const int format, const int unpacked, const int half, const uint8_t *codes,
        int64_t group_bytes, const int8_t *q, vi *sums) {
    const int words = BLOCK / 4 / block_scales(format), step = is_signed(format) ? 1 : 2;
    const int at_once = is_signed(format) ? 1 : dots_at_once(code_bits(format));
    vi dots[TILE_MAX];
    UNROLL(8)
    for (int from = 0; from < words; from += step) {
        const int begins = from % at_once == 0, ends = (from + step) % at_once == 0 || from + step == words;
        vi weights[2][GROUPS_MAX];
        int word[2];
        UNROLL(2)
        for (int i = 0; i < step; i++) {
            word[i] = words == 4 ? 4 * half + from + i : is_signed(format) ? from : from / 2 + 4 * i;
            UNROLL(4)
            for (int g = 0; g < groups; g++) {
                const uint8_t *own = codes + g * group_bytes;
                weights[i][g] = unpacked ? vi_load(own + 64 * word[i]) : factors_of(format, own, word[i]);
            }
        }
        UNROLL(16)
        for (int r = 0; r < rows; r++) {
            UNROLL(4)
            for (int g = 0; g < groups; g++) {
                const int at = r * groups + g;
                vi dot = is_signed(format) ? sums[at] : begins ? dots_begin(sums[at]) : dots[at];
                UNROLL(2)
                for (int i = 0; i < step; i++) {
                    vi four = activation(q + BLOCK * r + 4 * word[i]);
                    dot = is_signed(format) ? q8_dot(dot, weights[i][g], four) : dots_add(dot, weights[i][g], four);
                }
                if (is_signed(format)) sums[at] = dot;
                else if (ends) sums[at] = dots_end(sums[at], dot);
                else dots[at] = dot;
            }
        }
    }
}

ALWAYS_INLINE void start_sums(
        const int rows, const int groups, const int format, const int half, const block_tile *x, int64_t row, vi *sums) {
    const int offset = is_signed(format) ? Q8_OFFSET : code_offset(format);
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        int32_t sum = block_scales(format) == 1 ? x->terms[row + r].negative_sum : x->halves[row + r].negative_sum[half];
        UNROLL(4)
        for (int g = 0; g < groups; g++) sums[r * groups + g] = start_of(offset, sum);
    }
}

ALWAYS_INLINE void add_scaled_sums(
        const int rows, const int groups, const int format, const int half, const block_tile *x, int64_t row,
        const weight_terms *of, const vi *sums, vf *acc) {
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        const block_terms *terms = &x->terms[row + r];
        vf zero = vf_set1(terms->zero), x_scale = vf_set1(terms->scale);
        vf x_sum = vf_set1(block_scales(format) == 1 ? terms->scaled_sum : x->halves[row + r].scaled_sum[half]);
        UNROLL(4)
        for (int g = 0; g < groups; g++) {
            const int at = r * groups + g;
            vf sum = vf_fma(zero, of[g].sum, vi_to_float(sums[at]));
            acc[at] = vf_fma(sum, vf_mul(of[g].scale, x_scale), acc[at]);
            if (has_minimum(format)) acc[at] = vf_fma(of[g].minimum, x_sum, acc[at]);
        }
    }
}

// A block's cache lines, `ahead` bytes behind it. As many as a constant says: a loop would cost a sixth of the instructions of one row.
ALWAYS_INLINE void prefetch_block(const int format, const uint8_t *w, int64_t ahead) {
    const int bytes = packed_block_bytes(format) + (span_blocks(format) == 1 ? header_bytes(format) : 0);
    UNROLL(16)
    for (int at = 0; at < bytes; at += 64) _mm_prefetch((const char *) w + ahead + at, _MM_HINT_T1);
}

// `rows` rows of activations against `groups` groups of 16 outputs (constants where this is inlined). Meanwhile the groups that lie `ahead`
// bytes behind these come from memory; 0: none do.
ALWAYS_INLINE void multiply_tile(
        const int rows, const int groups, const int format, const uint8_t *w, int64_t group_bytes, int64_t ahead,
        const block_tile *x, int64_t row, int64_t blocks, float *out, int64_t out_stride, int add) {
    vf acc[TILE_MAX];
    UNROLL(16)
    for (int r = 0; r < rows; r++)
        UNROLL(4)
        for (int g = 0; g < groups; g++) acc[r * groups + g] = vf_zero();
    const uint8_t *header = w;
    for (int64_t b = 0; b < blocks; b++, w += packed_block_bytes(format), x++) {
        if (b % span_blocks(format) == 0) {
            header = w;
            w += header_bytes(format);
        }
        if (ahead > 0)
            UNROLL(4)
            for (int g = 0; g < groups; g++)
                prefetch_block(format, (span_blocks(format) == 1 ? header : w) + g * group_bytes, ahead);
        UNROLL(2)
        for (int half = 0; half < block_scales(format); half++) {
            weight_terms of[GROUPS_MAX];
            vi sums[TILE_MAX];
            start_sums(rows, groups, format, half, x, row, sums);
            multiply_codes(rows, groups, format, 0, half, w + codes_offset(format), group_bytes, x->q[row], sums);
            UNROLL(4)
            for (int g = 0; g < groups; g++)
                of[g] = terms_of(format, header + g * group_bytes, w + g * group_bytes, half);
            add_scaled_sums(rows, groups, format, half, x, row, of, sums, acc);
        }
    }
    UNROLL(16)
    for (int r = 0; r < rows; r++) {
        UNROLL(4)
        for (int g = 0; g < groups; g++) {
            float *to = out + r * out_stride + 16 * g;
            vf_store(to, add ? vf_add(vf_load(to), acc[r * groups + g]) : acc[r * groups + g]);
        }
    }
}

// Rows `first` to `end` - 1 against `groups` groups.
ALWAYS_INLINE void multiply_rows(
        const int groups, const int format, const uint8_t *w, const block_tile *x, int64_t first, int64_t end,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = packed_group_bytes(format, blocks);
    int64_t ahead = groups * group_bytes; // asked for by the first tile
    int64_t row = first;
    while (row < end) {
        const block_tile *tile = x + row / TILE_ROWS * blocks;
        int64_t left = end - row;
#define ROWS(N) \
    multiply_tile( \
            N, groups, format, w, group_bytes, row == first ? ahead : 0, tile, row % TILE_ROWS, blocks, \
            out + row * out_stride, out_stride, add); \
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

ALWAYS_INLINE void multiply_groups(
        const int format, const uint8_t *w, int64_t group_from, int64_t group_to, const block_tile *x, int64_t rows,
        int64_t blocks, float *out, int64_t out_stride, int add) {
    int64_t group_bytes = packed_group_bytes(format, blocks);
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
