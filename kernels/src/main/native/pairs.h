// Products of BF16 weights and activations rounded to bf16: lane j sums the pairs (2j, 2j+1) of every 32 columns, the odd one first.
#ifndef REDOUBT_PAIRS_H
#define REDOUBT_PAIRS_H

#include <stddef.h>

/* That is what vdpbf16ps computes: two fmas for each lane (the product of two bf16 is exact), to nearest even, subnormal operands taken
 * as zero and subnormal results made zero whatever MXCSR says. Elsewhere the two fmas are written, and MXCSR says the same while they
 * run; so it does in every set, since the tree and the addition to the output flush too. The columns that a last step lacks are zero, in
 * the weights as in the activations. */
enum { PAIR_COLUMNS = 32, FLUSH = 0x8040 /* DAZ and FTZ */ };

// Says so to MXCSR and returns what it was. The arithmetic must be in a function that is not inlined: the compiler does not know that it
// depends on MXCSR.
static inline uint32_t flush_subnormals(void) {
    uint32_t before = _mm_getcsr();
    _mm_setcsr(before | FLUSH);
    return before;
}

static inline vf vi_odd(vi pairs) { return vf_from_bits(vi_and(pairs, vi_set1((int32_t) 0xFFFF0000))); }
static inline vf vi_even(vi pairs) { return vf_from_bits(vi_shift_left(pairs, 16)); }
static inline vf dot_apart(vf acc, vi w, vi x) {
    return vf_fma(vi_even(w), vi_even(x), vf_fma(vi_odd(w), vi_odd(x), acc));
}
static inline vf dot_pairs(vf acc, vi w, vi x) {
#ifdef REDOUBT_AVX512_BF16
    return vf_dot_bf16(acc, w, x);
#else
    return dot_apart(acc, w, x);
#endif
}

// To nearest even; subnormal numbers to zero, every NaN to one NaN. Zeros follow up to `stride`.
static inline void round_row(const float *x, int64_t columns, uint16_t *to, int64_t stride) {
    for (int64_t k = 0; k < columns; k++) {
        uint32_t bits;
        memcpy(&bits, x + k, 4);
        uint32_t magnitude = bits & 0x7FFFFFFF;
        uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
        rounded = magnitude < 0x00800000 ? bits >> 16 & 0x8000 : rounded;
        to[k] = (uint16_t) (magnitude > 0x7F800000 ? 0x7FC0 : rounded);
    }
    memset(to + columns, 0, (size_t) (2 * (stride - columns)));
}

// The last n < 32 weights of a row: nothing behind them is read.
static inline vi load_last_pairs(const uint8_t *w, int64_t n) {
    uint8_t copy[2 * PAIR_COLUMNS] = {0};
    memcpy(copy, w, (size_t) (2 * n));
    return vi_load(copy);
}

static inline __attribute__((always_inline)) void add_pairs(
        const int tokens, vf *acc, const vi *weights, const uint16_t *x, int64_t x_stride) {
#pragma GCC unroll 8
    for (int t = 0; t < tokens; t++) {
        vi value = vi_load(x + t * x_stride);
#pragma GCC unroll 4
        for (int o = 0; o < OUTPUTS; o++) acc[t * OUTPUTS + o] = dot_pairs(acc[t * OUTPUTS + o], weights[o], value);
    }
}

// As multiply_tokens.
static inline __attribute__((always_inline)) void multiply_pairs_of_tokens(
        const int tokens, const uint8_t *w, const int64_t *step, const uint8_t *next, int64_t columns, const uint16_t *x,
        int64_t x_stride, float *out, int64_t out_stride, int outputs, int add) {
    vf acc[TOKENS_MAX * OUTPUTS];
#pragma GCC unroll 32
    for (int i = 0; i < tokens * OUTPUTS; i++) acc[i] = vf_zero();
    const uint8_t *w1 = w + step[0], *w2 = w + step[1], *w3 = w + step[2];
    int64_t k = 0;
    for (; k + PAIR_COLUMNS <= columns; k += PAIR_COLUMNS) {
        if (next != NULL)
            for (int line = 0; line < OUTPUTS; line++, next += 64) _mm_prefetch((const char *) next, _MM_HINT_T1);
        vi weights[OUTPUTS] = {vi_load(w + 2 * k), vi_load(w1 + 2 * k), vi_load(w2 + 2 * k), vi_load(w3 + 2 * k)};
        add_pairs(tokens, acc, weights, x + k, x_stride);
    }
    if (k < columns) {
        int64_t rest = columns - k;
        vi weights[OUTPUTS] = {load_last_pairs(w + 2 * k, rest), load_last_pairs(w1 + 2 * k, rest),
                               load_last_pairs(w2 + 2 * k, rest), load_last_pairs(w3 + 2 * k, rest)};
        add_pairs(tokens, acc, weights, x + k, x_stride);
    }
    store_tile(tokens, acc, _mm_set1_ps(1), out, out_stride, outputs, add);
}

static inline __attribute__((always_inline)) void multiply_pairs_of_all_tokens(
        const uint8_t *w, const int64_t *step, const uint8_t *next, int64_t columns, const uint16_t *x, int64_t x_stride,
        int64_t tokens, float *out, int64_t out_stride, int outputs, int add) {
    while (tokens > 0) {
        int done = tokens >= PAIR_TOKENS ? PAIR_TOKENS : tokens >= 4 && PAIR_TOKENS > 4 ? 4 : tokens >= 2 ? 2 : 1;
#define TOKENS(N) multiply_pairs_of_tokens(N, w, step, next, columns, x, x_stride, out, out_stride, outputs, add)
        if (done == PAIR_TOKENS) TOKENS(PAIR_TOKENS);
        else if (done == 4) TOKENS(4);
        else if (done == 2) TOKENS(2);
        else TOKENS(1);
#undef TOKENS
        next = NULL; // asked for once
        x += done * x_stride;
        out += done * out_stride;
        tokens -= done;
    }
}

// `copies`: 4 × (columns rounded up to 32) × 2 bytes. Where tokens are many they share copies of the weights, aligned and padded: the rows
// of a file cross the lines of the cache.
static __attribute__((noinline)) void multiply_pairs(
        const uint8_t *w, int64_t row_from, int64_t row_to, int64_t columns, const uint16_t *x, int64_t x_stride,
        int64_t tokens, float *out, int64_t out_stride, int add, uint8_t *copies) {
    int64_t row_bytes = 2 * columns;
    int64_t copy_bytes = (columns + PAIR_COLUMNS - 1) / PAIR_COLUMNS * PAIR_COLUMNS * 2;
    int64_t at_once = INPUT_BYTES / (2 * x_stride) / PAIR_TOKENS * PAIR_TOKENS;
    if (at_once < PAIR_TOKENS) at_once = PAIR_TOKENS;
    for (int64_t first = 0; first < tokens; first += at_once) {
        int64_t count = tokens - first < at_once ? tokens - first : at_once;
        for (int64_t row = row_from; row < row_to; row += OUTPUTS) {
            int outputs = row_to - row < OUTPUTS ? (int) (row_to - row) : OUTPUTS;
            const uint8_t *weights = w + row * row_bytes;
            int64_t bytes = row_bytes, padded = columns;
            if (count > TOKENS_MAX) {
                for (int o = 0; o < outputs; o++) {
                    memcpy(copies + o * copy_bytes, weights + o * row_bytes, (size_t) row_bytes);
                    memset(copies + o * copy_bytes + row_bytes, 0, (size_t) (copy_bytes - row_bytes));
                }
                weights = copies, bytes = copy_bytes, padded = copy_bytes / 2;
            }
            // A last row stands in for those that a short group lacks; what it computes there is not stored.
            int64_t step[OUTPUTS - 1];
            for (int o = 1; o < OUTPUTS; o++) step[o - 1] = (o < outputs ? o : outputs - 1) * bytes;
            multiply_pairs_of_all_tokens(
                    weights, step, w + (row + OUTPUTS) * row_bytes, padded, x + first * x_stride, x_stride, count,
                    out + first * out_stride + row, out_stride, outputs, add);
        }
    }
}

#endif
