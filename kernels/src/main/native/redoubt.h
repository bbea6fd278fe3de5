// The functions that Java calls (NativeKernels.java), once for each instruction set. Plain numbers and addresses only: Java has
// checked that every size and address holds; nothing here allocates, blocks or keeps state.
#ifndef REDOUBT_H
#define REDOUBT_H

#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

// Bits of what this processor and its system can run: 1 AVX2 with FMA and F16C, 2 AVX-VNNI, 4 AVX-512 with VNNI, 8 that with
// the products of bf16 that pairs.h defines, 16 that with tiles of bytes (AMX), which this process may use from then on.
EXPORT int32_t redoubt_cpu_features(void);

// Groups of 16 rows of a matrix of quantized weights, from the file's layout to R16. `packed` is zero before.
EXPORT void redoubt_pack(
        int32_t format, const uint8_t *file, int64_t rows, int64_t blocks, int64_t group_from, int64_t group_to,
        uint8_t *packed);

#define DECLARE(isa) \
    EXPORT void redoubt_##isa##_quantize( \
            const float *in, int64_t stride, int64_t row_from, int64_t row_to, int64_t blocks, void *out); \
    EXPORT void redoubt_##isa##_multiply_blocks( \
            int32_t format, const uint8_t *weights, int64_t group_from, int64_t group_to, const void *activations, \
            int64_t rows, int64_t blocks, float *out, int64_t out_stride, int32_t add); \
    EXPORT void redoubt_##isa##_multiply_floats( \
            int32_t format, const uint8_t *weights, int64_t row_from, int64_t row_to, int64_t columns, const float *in, \
            int64_t in_stride, int64_t rows, float *out, int64_t out_stride, int32_t add, void *scratch); \
    EXPORT void redoubt_##isa##_round( \
            const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t columns, uint16_t *out, \
            int64_t out_stride); \
    EXPORT void redoubt_##isa##_multiply_pairs( \
            const uint8_t *weights, int64_t row_from, int64_t row_to, int64_t columns, const uint16_t *in, \
            int64_t in_stride, int64_t rows, float *out, int64_t out_stride, int32_t add, void *scratch); \
    EXPORT void redoubt_##isa##_rms_norm( \
            const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t pieces, int64_t columns, \
            const float *weight, float epsilon, float *out, int64_t out_stride); \
    EXPORT void redoubt_##isa##_layer_norm( \
            const float *in, int64_t in_stride, int64_t row_from, int64_t row_to, int64_t columns, \
            const float *weight, const float *bias, float epsilon, float *out, int64_t out_stride); \
    EXPORT void redoubt_##isa##_gelu( \
            float *x, int64_t stride, int64_t row_from, int64_t row_to, int64_t columns); \
    EXPORT void redoubt_##isa##_activate( \
            int32_t activation, float *gate, int64_t gate_stride, const float *up, int64_t up_stride, \
            int64_t row_from, int64_t row_to, int64_t columns); \
    EXPORT void redoubt_##isa##_add_scaled(const float *x, int64_t columns, float factor, float *out); \
    EXPORT void redoubt_##isa##_soft_cap(float *x, int64_t columns, float cap); \
    EXPORT void redoubt_##isa##_rotate( \
            float *row, int64_t heads, int64_t half, const float *cosines, const float *sines, int32_t interleaved); \
    EXPORT void redoubt_##isa##_exponential_sum(const float *row, int64_t columns, float *largest_and_sum); \
    EXPORT void redoubt_##isa##_exponentials( \
            const float *row, int64_t columns, float largest, float factor, float *out); \
    EXPORT int64_t redoubt_##isa##_index_of_largest(const float *row, int64_t columns); \
    EXPORT void redoubt_##isa##_attention( \
            int32_t format, const float *query, float *out, int64_t row_stride, int64_t group, int64_t dimension, \
            int64_t rows, const int32_t *tokens, const int32_t *table, const uint8_t *pool, int64_t block_bytes, \
            int64_t value_distance, float scale, float cap, int64_t window, float *scores, int64_t score_stride);

DECLARE(avx2)
DECLARE(avxvnni)
DECLARE(avx512)
DECLARE(avx512bf16)
DECLARE(amx)

// Whether vdpbf16ps computes here what pairs.h says. Only for a processor that has it.
int redoubt_bf16_is_as_defined(void);

// Whether products by tiles have the bits of those without. Only for a thread that may use tiles.
int redoubt_tiles_are_as_defined(void);

#endif
