// Products of F32, F16 and F8 weights: the lanes are the 16 partial sums of one output, by k mod 16.
#ifndef REDOUBT_FLOATS_H
#define REDOUBT_FLOATS_H

#include <stddef.h>

enum { F32 = 0, F16 = 1, F8 = 15 }; // NativeKernels.number
enum { OUTPUTS = 4, TOKENS_MAX = 6 };

static inline int64_t element_bytes(int format) { return format == F32 ? 4 : format == F16 ? 2 : 1; }
// Of the scale before the weights of a row.
static inline int64_t scale_bytes(int format) { return format == F8 ? 4 : 0; }

static inline vf load_weights(int format, const uint8_t *w, int64_t k) {
    if (format == F32) return vf_load((const float *) (w + 4 * k));
    if (format == F16) return vf_load_f16((const uint16_t *) (w + 2 * k));
    return vf_load_e4m3(w + k);
}

// The last n < 16 weights of a row: nothing behind them is read.
static inline vf load_last_weights(int format, const uint8_t *w, int64_t k, int n) {
    uint8_t copy[64] = {0};
    memcpy(copy, w + element_bytes(format) * k, (size_t) (element_bytes(format) * n));
    return load_weights(format, copy, 0);
}

// Writes or adds four outputs, of which the first `outputs` count.
static inline __attribute__((always_inline)) void store_outputs(__m128 products, float *to, int outputs, int add) {
    if (outputs == OUTPUTS) {
        _mm_storeu_ps(to, add ? _mm_add_ps(_mm_loadu_ps(to), products) : products);
    } else {
        float four[OUTPUTS];
        _mm_storeu_ps(four, products);
        for (int o = 0; o < outputs; o++) to[o] = add ? to[o] + four[o] : four[o];
    }
}

// Scales of four rows, each before its weights; 1 where a format has none.
static inline __m128 row_scales(int format, const uint8_t *row, const int64_t *step) {
    if (format != F8) return _mm_set1_ps(1);
    float scales[OUTPUTS];
    memcpy(scales, row, 4);
    for (int o = 1; o < OUTPUTS; o++) memcpy(scales + o, row + step[o - 1], 4);
    return _mm_loadu_ps(scales);
}

// Outputs of a tile: the sums of the lanes of four accumulators for each token, of which there is one or an even number.
static inline __attribute__((always_inline)) void store_tile(
        const int tokens, const vf *acc, __m128 scales, float *out, int64_t out_stride, int outputs, int add) {
    if (tokens == 1) store_outputs(_mm_mul_ps(vf_tree4(acc), scales), out, outputs, add);
#pragma GCC unroll 8
    for (int t = 0; t + 2 <= tokens; t += 2) {
        __m256 both = vf_tree8(acc + t * OUTPUTS);
        store_outputs(_mm_mul_ps(_mm256_castps256_ps128(both), scales), out + t * out_stride, outputs, add);
        store_outputs(_mm_mul_ps(_mm256_extractf128_ps(both, 1), scales), out + (t + 1) * out_stride, outputs, add);
    }
}

// `tokens` rows of input (a constant where this is inlined) against four rows of weights at w, w + step[0], … Meanwhile as many bytes
// come from memory at `next`, the rows after them.
static inline __attribute__((always_inline)) void multiply_tokens(
        const int tokens, const int format, const uint8_t *w, const int64_t *step, __m128 scales, const uint8_t *next,
        int64_t columns, const float *x, int64_t x_stride, float *out, int64_t out_stride, int outputs, int add) {
    vf acc[TOKENS_MAX * OUTPUTS];
#pragma GCC unroll 8
    for (int t = 0; t < tokens; t++)
#pragma GCC unroll 4
        for (int o = 0; o < OUTPUTS; o++) acc[t * OUTPUTS + o] = vf_zero();
    const uint8_t *w1 = w + step[0], *w2 = w + step[1], *w3 = w + step[2];
    int64_t k = 0;
    for (; k + 16 <= columns; k += 16) {
        if (next != NULL)
            for (int64_t line = 0; line < element_bytes(format); line++, next += 64)
                _mm_prefetch((const char *) next, _MM_HINT_T1);
        vf weights[OUTPUTS] = {load_weights(format, w, k), load_weights(format, w1, k), load_weights(format, w2, k),
                               load_weights(format, w3, k)};
#pragma GCC unroll 8
        for (int t = 0; t < tokens; t++) {
            vf value = vf_load(x + t * x_stride + k);
#pragma GCC unroll 4
            for (int o = 0; o < OUTPUTS; o++) acc[t * OUTPUTS + o] = vf_fma(weights[o], value, acc[t * OUTPUTS + o]);
        }
    }
    int rest = (int) (columns - k);
    if (rest > 0) {
        vf weights[OUTPUTS] = {load_last_weights(format, w, k, rest), load_last_weights(format, w1, k, rest),
                               load_last_weights(format, w2, k, rest), load_last_weights(format, w3, k, rest)};
#pragma GCC unroll 8
        for (int t = 0; t < tokens; t++) {
            vf value = vf_load_first(x + t * x_stride + k, rest);
#pragma GCC unroll 4
            for (int o = 0; o < OUTPUTS; o++) acc[t * OUTPUTS + o] = vf_fma_first(weights[o], value, acc[t * OUTPUTS + o], rest);
        }
    }
    store_tile(tokens, acc, scales, out, out_stride, outputs, add);
}

static inline __attribute__((always_inline)) void multiply_all_tokens(
        const int format, const uint8_t *w, const int64_t *step, __m128 scales, const uint8_t *next, int64_t columns,
        const float *x, int64_t x_stride, int64_t tokens, float *out, int64_t out_stride, int outputs, int add) {
    while (tokens > 0) {
        int done = tokens >= FLOAT_TOKENS ? FLOAT_TOKENS : tokens >= 4 && FLOAT_TOKENS > 4 ? 4 : tokens >= 2 ? 2 : 1;
#define TOKENS(N) multiply_tokens(N, format, w, step, scales, next, columns, x, x_stride, out, out_stride, outputs, add)
        if (done == FLOAT_TOKENS) TOKENS(FLOAT_TOKENS);
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

static inline void widen_row(int format, const uint8_t *w, int64_t columns, float *to) {
    int64_t k = 0;
    for (; k + 16 <= columns; k += 16) vf_store(to + k, load_weights(format, w, k));
    if (k < columns) vf_store(to + k, load_last_weights(format, w, k, (int) (columns - k)));
}

// Input that stays in the second-level cache while the weights pass.
enum { INPUT_BYTES = 1 << 19 };

// `wide`: 4 × (columns rounded up to 16) floats.
static inline __attribute__((always_inline)) void multiply_floats(
        const int format, const uint8_t *w, int64_t row_from, int64_t row_to, int64_t columns, const float *x,
        int64_t x_stride, int64_t tokens, float *out, int64_t out_stride, int add, float *wide) {
    int64_t row_bytes = scale_bytes(format) + element_bytes(format) * columns;
    int64_t wide_stride = (columns + 15) / 16 * 16;
    int64_t at_once = INPUT_BYTES / (4 * x_stride) / FLOAT_TOKENS * FLOAT_TOKENS;
    if (at_once < FLOAT_TOKENS) at_once = FLOAT_TOKENS;
    for (int64_t first = 0; first < tokens; first += at_once) {
        int64_t count = tokens - first < at_once ? tokens - first : at_once;
        for (int64_t row = row_from; row < row_to; row += OUTPUTS) {
            int outputs = row_to - row < OUTPUTS ? (int) (row_to - row) : OUTPUTS;
            const uint8_t *weights = w + row * row_bytes + scale_bytes(format);
            // A last row stands in for those that a short group lacks; what it computes there is not stored.
            int64_t step[OUTPUTS - 1];
            for (int o = 1; o < OUTPUTS; o++) step[o - 1] = (o < outputs ? o : outputs - 1) * row_bytes;
            __m128 scales = row_scales(format, w + row * row_bytes, step);
            const float *in = x + first * x_stride;
            float *to = out + first * out_stride + row;
            if (format == F32 || count <= FLOAT_TOKENS) {
                multiply_all_tokens(
                        format, weights, step, scales, weights + OUTPUTS * row_bytes, columns, in, x_stride, count, to,
                        out_stride,
                        outputs, add);
                continue;
            }
            for (int o = 0; o < outputs; o++) widen_row(format, weights + o * row_bytes, columns, wide + o * wide_stride);
            for (int o = 1; o < OUTPUTS; o++) step[o - 1] = (o < outputs ? o : outputs - 1) * wide_stride * 4;
            multiply_all_tokens(
                    F32, (const uint8_t *) wide, step, scales, NULL, columns, in, x_stride, count, to, out_stride, outputs, add);
        }
    }
}

#endif
