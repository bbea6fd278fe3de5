// The exported functions of one instruction set. Included once by each of avx2.c, avxvnni.c, avx512.c, avx512bf16.c and
// amx.c, after its lanes.
#include "redoubt.h"

#include "numbers.h"

#include "activations.h"
#include "attention.h"
#include "blocks.h"
#include "panels.h"
#ifdef REDOUBT_AMX
#include "tiles.h"
#endif
#include "floats.h"
#include "pairs.h"
#include "rows.h"

#define JOIN_(isa, name) redoubt_##isa##_##name
#define JOIN(isa, name) JOIN_(isa, name)
#define FUNCTION(name) JOIN(ISA, name)

void FUNCTION(quantize)(
        const float *in, int64_t stride, int64_t row_from, int64_t row_to, int64_t blocks, void *out) {
    quantize_rows(in, stride, row_from, row_to, blocks, out);
}

void FUNCTION(multiply_blocks)(
        int32_t format, const uint8_t *weights, int64_t group_from, int64_t group_to, const void *activations,
        int64_t rows, int64_t blocks, float *out, int64_t out_stride, int32_t add) {
#if defined REDOUBT_AVX512_BF16 && !defined REDOUBT_AMX // nothing in it is about bf16
    redoubt_avx512_multiply_blocks(
            format, weights, group_from, group_to, activations, rows, blocks, out, out_stride, add);
#else
#ifdef REDOUBT_AMX
#define MULTIPLY multiply_groups_by_tiles
#else
#define MULTIPLY multiply_groups_by_panels_or_tiles
#endif
#define CASE(F) \
    case F: MULTIPLY(F, weights, group_from, group_to, activations, rows, blocks, out, out_stride, add); break;
    switch (format) {
        EACH_FORMAT(CASE)
        default: break;
    }
#undef CASE
#undef MULTIPLY
#endif
}

void FUNCTION(multiply_floats)(
        int32_t format, const uint8_t *weights, int64_t row_from, int64_t row_to, int64_t columns, const float *in,
        int64_t in_stride, int64_t rows, float *out, int64_t out_stride, int32_t add, void *scratch) {
#define CASE(F) \
    case F: \
        multiply_floats( \
                F, weights, row_from, row_to, columns, in, in_stride, rows, out, out_stride, add, scratch); \
        break
    switch (format) {
        CASE(F32);
        CASE(F16);
        CASE(F8);
        default: break;
    }
#undef CASE
}

void FUNCTION(round)(
        const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t columns, uint16_t *out,
        int64_t out_stride) {
    for (int64_t row = row_from; row < row_to; row++)
        round_row(in + row * in_stride, columns, out + row * out_stride, out_stride);
}

void FUNCTION(multiply_pairs)(
        const uint8_t *weights, int64_t row_from, int64_t row_to, int64_t columns, const uint16_t *in, int64_t in_stride,
        int64_t rows, float *out, int64_t out_stride, int32_t add, void *scratch) {
    uint32_t before = flush_subnormals();
    multiply_pairs(weights, row_from, row_to, columns, in, in_stride, rows, out, out_stride, add, scratch);
    _mm_setcsr(before);
}

void FUNCTION(rms_norm)(
        const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t pieces, int64_t columns,
        const float *weight, float epsilon, float *out, int64_t out_stride) {
    for (int64_t row = row_from; row < row_to; row++)
        for (int64_t piece = 0; piece < pieces; piece++)
            rms_norm_row(
                    in + row * in_stride + piece * columns, columns, weight, epsilon,
                    out + row * out_stride + piece * columns);
}

void FUNCTION(layer_norm)(
        const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t columns, const float *weight,
        const float *bias, float epsilon, float *out, int64_t out_stride) {
    for (int64_t row = row_from; row < row_to; row++)
        layer_norm_row(in + row * in_stride, columns, weight, bias, epsilon, out + row * out_stride);
}

void FUNCTION(gelu)(float *x, int64_t stride, int64_t row_from, int64_t row_to, int64_t columns) {
    for (int64_t row = row_from; row < row_to; row++) gelu_row(x + row * stride, columns);
}

void FUNCTION(activate)(
        int32_t activation, float *gate, int64_t gate_stride, const float *up, int64_t up_stride, int64_t row_from,
        int64_t row_to, int64_t columns) {
#define CASE(A) \
    case A: \
        for (int64_t row = row_from; row < row_to; row++) \
            activate_row(A, gate + row * gate_stride, up + row * up_stride, columns); \
        break
    switch (activation) {
        CASE(SILU);
        CASE(GELU_TANH);
        default: break;
    }
#undef CASE
}

void FUNCTION(add_scaled)(const float *x, int64_t columns, float factor, float *out) {
    add_scaled_row(x, columns, factor, out);
}

void FUNCTION(soft_cap)(float *x, int64_t columns, float cap) { soft_cap_row(x, columns, cap); }

void FUNCTION(rotate)(
        float *row, int64_t heads, int64_t half, const float *cosines, const float *sines, int32_t interleaved) {
    for (int64_t head = 0; head < heads; head++) rotate_head(row + 2 * half * head, half, cosines, sines, interleaved);
}

void FUNCTION(exponential_sum)(const float *row, int64_t columns, float *largest_and_sum) {
    exponential_sum(row, columns, largest_and_sum, largest_and_sum + 1);
}

void FUNCTION(exponentials)(const float *row, int64_t columns, float largest, float factor, float *out) {
    exponentials(row, columns, largest, factor, out);
}

int64_t FUNCTION(index_of_largest)(const float *row, int64_t columns) { return index_of_largest(row, columns); }

void FUNCTION(attention)(
        int32_t format, const float *query, float *out, int64_t row_stride, int64_t group, int64_t dimension,
        int64_t rows, const int32_t *tokens, const int32_t *table, const uint8_t *pool, int64_t block_bytes,
        int64_t value_distance, float scale, float cap, int64_t window, float *scores, int64_t score_stride) {
    attention_call call = {
            .query = query,
            .out = out,
            .row_stride = row_stride,
            .group = group,
            .dimension = dimension,
            .queries = rows * group,
            .tokens = tokens,
            .table = table,
            .pool = pool,
            .block_bytes = block_bytes,
            .value_distance = value_distance,
            .scale = scale,
            .cap = cap,
            .window = window,
            .scores = scores,
            .score_stride = score_stride,
    };
    switch (format) {
        case KV_F32: attend_all(KV_F32, &call); break;
        case KV_F16: attend_all(KV_F16, &call); break;
        case KV_Q8: attend_all(KV_Q8, &call); break;
        default: break;
    }
}
