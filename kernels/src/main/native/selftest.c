// Runs every exported function of every instruction set that this processor has, over shapes with tails, in buffers that end where the
// data ends: built with the address and undefined-behaviour sanitizers by selftest.sh, so that a read or write past a buffer ends it.
// That the results are right to the bit is the business of the Java tests; here they only have to be the same in every set.
#include "formats.h"
#include "redoubt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    int32_t feature;
    void (*quantize)(const float *, int64_t, int64_t, int64_t, int64_t, void *);
    void (*multiply_blocks)(
            int32_t, const uint8_t *, int64_t, int64_t, const void *, int64_t, int64_t, float *, int64_t, int32_t);
    void (*multiply_floats)(
            int32_t, const uint8_t *, int64_t, int64_t, int64_t, const float *, int64_t, int64_t, float *, int64_t, int32_t,
            void *);
    void (*round)(const float *, int64_t, int64_t, int64_t, int64_t, uint16_t *, int64_t);
    void (*multiply_pairs)(
            const uint8_t *, int64_t, int64_t, int64_t, const uint16_t *, int64_t, int64_t, float *, int64_t, int32_t, void *);
    void (*rms_norm)(
            const float *, int64_t, int64_t, int64_t, int64_t, int64_t, const float *, float, float *, int64_t);
    void (*layer_norm)(
            const float *, int64_t, int64_t, int64_t, int64_t, const float *, const float *, float, float *, int64_t);
    void (*gelu)(float *, int64_t, int64_t, int64_t, int64_t);
    void (*activate)(int32_t, float *, int64_t, const float *, int64_t, int64_t, int64_t, int64_t);
    void (*add_scaled)(const float *, int64_t, float, float *);
    void (*soft_cap)(float *, int64_t, float);
    void (*rotate)(float *, int64_t, int64_t, const float *, const float *, int32_t);
    void (*exponential_sum)(const float *, int64_t, float *);
    int64_t (*index_of_largest)(const float *, int64_t);
    void (*attention)(
            int32_t, const float *, float *, int64_t, int64_t, int64_t, int64_t, const int32_t *, const int32_t *,
            const uint8_t *, int64_t, int64_t, float, float, int64_t, float *, int64_t);
} functions;

#define SET(isa, feature) \
    { \
        #isa, feature, redoubt_##isa##_quantize, redoubt_##isa##_multiply_blocks, redoubt_##isa##_multiply_floats, \
                redoubt_##isa##_round, redoubt_##isa##_multiply_pairs, redoubt_##isa##_rms_norm, \
                redoubt_##isa##_layer_norm, redoubt_##isa##_gelu, redoubt_##isa##_activate, redoubt_##isa##_add_scaled, \
                redoubt_##isa##_soft_cap, redoubt_##isa##_rotate, \
                redoubt_##isa##_exponential_sum, redoubt_##isa##_index_of_largest, redoubt_##isa##_attention \
    }

static const functions SETS[] = {SET(avx2, 1), SET(avxvnni, 1), // its byte products emulated
        SET(avx512, 4), SET(avx512bf16, 8), SET(amx, 8)}; // its tiles emulated

static uint32_t state;

static uint32_t next_random(void) { return state = state * 1664525u + 1013904223u; }

static float next_float(void) { return (float) (int32_t) (next_random() >> 8) / (float) (1 << 23) - 1; }

static void *memory(int64_t bytes) {
    void *result = malloc((size_t) bytes);
    if (result == NULL) abort();
    memset(result, 0, (size_t) bytes);
    return result;
}

static float *floats(int64_t count) {
    float *result = memory(4 * count);
    for (int64_t i = 0; i < count; i++) result[i] = next_float();
    return result;
}

// Every byte below 64: finite in each of the formats, header or not.
static uint8_t *weights(int64_t bytes) {
    uint8_t *result = memory(bytes);
    for (int64_t i = 0; i < bytes; i++) result[i] = (uint8_t) (next_random() >> 26);
    return result;
}

static uint64_t hash;

static void mix(const float *values, int64_t count) {
    const uint8_t *bytes = (const uint8_t *) values;
    for (int64_t i = 0; i < 4 * count; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
}

static void blocks(const functions *f) {
    for (int format = FORMAT_FIRST; format <= FORMAT_LAST; format++)
        for (int64_t groups = 1; groups <= 3; groups++)
            for (int64_t rows = 1; rows <= 44; rows += rows < 5 ? 1 : 13) {
                int64_t count = span_blocks(format) == 1 ? 3 : 2 * span_blocks(format), columns = 32 * count;
                float *in = floats(rows * columns);
                uint8_t *w = weights(groups * packed_group_bytes(format, count));
                void *activations = memory((rows + 15) / 16 * count * 1024);
                float *out = floats(rows * groups * 16);
                f->quantize(in, columns, 0, rows, count, activations);
                f->multiply_blocks(format, w, 0, groups, activations, rows, count, out, groups * 16, rows & 1);
                mix(out, rows * groups * 16);
                free(in), free(w), free(activations), free(out);
            }
}

static void packing(void) {
    for (int format = FORMAT_FIRST; format <= FORMAT_LAST; format++)
        for (int64_t outputs = 1; outputs <= 33; outputs += 4) {
            int64_t groups = (outputs + 15) / 16, count = 2 * span_blocks(format);
            uint8_t *file = weights(outputs * 2 * file_bytes(format));
            uint8_t *packed = memory(groups * packed_group_bytes(format, count));
            redoubt_pack(format, file, outputs, count, 0, groups, packed);
            free(file), free(packed);
        }
}

static void products(const functions *f) {
    static const int formats[] = {0, 1, 15}, element_bytes[] = {4, 2, 1}, scale_bytes[] = {0, 0, 4};
    for (int format = 0; format < 3; format++)
        for (int64_t columns = 1; columns <= 50; columns += 7)
            for (int64_t outputs = 1; outputs <= 6; outputs++)
                for (int64_t rows = 1; rows <= 15; rows += 2) {
                    int64_t stride = (columns + 15) / 16 * 16;
                    float *in = floats(rows * stride), *out = floats(rows * outputs), *wide = floats(4 * stride);
                    uint8_t *w = weights(outputs * (scale_bytes[format] + columns * element_bytes[format]));
                    f->multiply_floats(formats[format], w, 0, outputs, columns, in, stride, rows, out, outputs, rows & 2, wide);
                    mix(out, rows * outputs);
                    free(in), free(w), free(out), free(wide);
                }
}

static void pairs(const functions *f) {
    for (int64_t columns = 1; columns <= 100; columns += 9)
        for (int64_t outputs = 1; outputs <= 6; outputs++)
            for (int64_t rows = 1; rows <= 15; rows += 2) {
                int64_t stride = (columns + 31) / 32 * 32;
                float *in = floats(rows * columns), *out = floats(rows * outputs);
                uint16_t *rounded = memory(2 * rows * stride);
                uint8_t *w = weights(2 * outputs * columns), *copies = memory(2 * 4 * stride);
                f->round(in, columns, 0, rows, columns, rounded, stride);
                f->multiply_pairs(w, 0, outputs, columns, rounded, stride, rows, out, outputs, rows & 2, copies);
                mix(out, rows * outputs);
                free(in), free(out), free(rounded), free(w), free(copies);
            }
}

static void rows(const functions *f) {
    for (int64_t columns = 1; columns <= 70; columns++) {
        float *x = floats(2 * columns), *y = floats(2 * columns), *weight = floats(columns), both[2];
        f->rms_norm(x, columns, 0, 2, 1, columns, weight, 1e-5f, y, columns);
        f->rms_norm(y, 2 * columns, 0, 1, 2, columns, weight, 1e-5f, y, 2 * columns); // two pieces of one row
        f->layer_norm(y, columns, 0, 2, columns, weight, x, 1e-12f, y, columns);
        f->gelu(y, columns, 0, 2, columns);
        mix(y, 2 * columns);
        for (int activation = 0; activation <= 1; activation++) {
            f->activate(activation, y, columns, x, columns, 0, 2, columns);
            f->add_scaled(x + columns, columns, 0.3f, y);
            f->soft_cap(y, 2 * columns, 0.7f);
            mix(y, 2 * columns);
        }
        f->exponential_sum(x, columns, both);
        mix(both, 2);
        hash += (uint64_t) f->index_of_largest(x, columns);
        float *cosines = floats(columns), *sines = floats(columns);
        for (int interleaved = 0; interleaved <= 1; interleaved++)
            f->rotate(x, 1, columns, cosines, sines, interleaved);
        mix(x, 2 * columns);
        free(x), free(y), free(weight), free(cosines), free(sines);
    }
}

static void attention(const functions *f) {
    static const int64_t element[] = {4, 2, 1}, header[] = {0, 0, 64};
    for (int format = 0; format <= 2; format++)
        for (int64_t dimension = 2; dimension <= 82; dimension += 10)
            for (int64_t group = 1; group <= 4; group++) {
                int64_t count = 3, head = (header[format] + element[format] * 16 * dimension + 63) / 64 * 64;
                int32_t table[] = {2, 0, 1}, tokens[] = {34, 35, 36};
                uint8_t *pool = weights(count * 2 * head);
                float *query = floats(3 * group * dimension), *out = floats(3 * group * dimension);
                float *scores = floats(6 * 16 * count);
                for (int64_t window = 1; window < 40; window += window < 3 ? 1 : 11) {
                    f->attention(
                            format, query, out, group * dimension, group, dimension, 3, tokens, table, pool, 2 * head,
                            head, 0.1f, window < 10 ? 0 : 2.5f, window, scores, 16 * count);
                    mix(out, 3 * group * dimension);
                }
                free(pool), free(query), free(out), free(scores);
            }
}

int main(void) {
    packing();
    int32_t features = redoubt_cpu_features();
    uint64_t expected = 0;
    int run = 0, different = 0;
    for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
        if (!(features & SETS[i].feature)) {
            printf("%s: this processor does not have it\n", SETS[i].name);
            continue;
        }
        state = 7;
        hash = 14695981039346656037u;
        blocks(&SETS[i]);
        products(&SETS[i]);
        pairs(&SETS[i]);
        rows(&SETS[i]);
        attention(&SETS[i]);
        printf("%s: %016llx\n", SETS[i].name, (unsigned long long) hash);
        if (run++ == 0) expected = hash;
        else if (hash != expected) different++;
    }
    if (features & 8 && !redoubt_tiles_are_as_defined()) {
        printf("tiles differ from vectors\n");
        different++;
    }
    if (different > 0) printf("the sets differ\n");
    return different > 0;
}
