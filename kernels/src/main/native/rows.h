// Operations over single rows: norms, GELU, gated activations, sums, soft cap, rotation, log-sum-exp, the largest.
#ifndef REDOUBT_ROWS_H
#define REDOUBT_ROWS_H

static inline void rms_norm_row(const float *x, int64_t columns, const float *weight, float epsilon, float *out) {
    vf partials = vf_zero();
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) {
        vf v = vf_load(x + i);
        partials = vf_fma(v, v, partials);
    }
    int rest = (int) (columns - i);
    if (rest > 0) {
        vf v = vf_load_first(x + i, rest);
        partials = vf_fma_first(v, v, partials, rest);
    }
    float mean = vf_tree(partials) / (float) columns + epsilon;
    vf inverse = vf_set1(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean))));
    for (i = 0; i + 16 <= columns; i += 16)
        vf_store(out + i, vf_mul(vf_mul(vf_load(x + i), inverse), vf_load(weight + i)));
    if (rest > 0) {
        vf v = vf_mul(vf_mul(vf_load_first(x + i, rest), inverse), vf_load_first(weight + i, rest));
        vf_store_first(out + i, v, rest);
    }
}

// out = fma((x - mean) · inverse, weight, bias).
static inline void layer_norm_row(
        const float *x, int64_t columns, const float *weight, const float *bias, float epsilon, float *out) {
    vf partials = vf_zero();
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) partials = vf_add(partials, vf_load(x + i));
    int rest = (int) (columns - i);
    if (rest > 0) partials = vf_fma_first(vf_load_first(x + i, rest), vf_set1(1), partials, rest);
    vf mean = vf_set1(vf_tree(partials) / (float) columns);
    partials = vf_zero();
    for (i = 0; i + 16 <= columns; i += 16) {
        vf d = vf_sub(vf_load(x + i), mean);
        partials = vf_fma(d, d, partials);
    }
    if (rest > 0) {
        vf d = vf_sub(vf_load_first(x + i, rest), mean);
        partials = vf_fma_first(d, d, partials, rest);
    }
    float variance = vf_tree(partials) / (float) columns + epsilon;
    vf inverse = vf_set1(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(variance))));
    for (i = 0; i + 16 <= columns; i += 16) {
        vf d = vf_mul(vf_sub(vf_load(x + i), mean), inverse);
        vf_store(out + i, vf_fma(d, vf_load(weight + i), vf_load(bias + i)));
    }
    if (rest > 0) {
        vf d = vf_mul(vf_sub(vf_load_first(x + i, rest), mean), inverse);
        vf_store_first(out + i, vf_fma(d, vf_load_first(weight + i, rest), vf_load_first(bias + i, rest)), rest);
    }
}

enum { SILU = 0, GELU_TANH = 1 }; // NativeKernels.number

static inline vf gated(const int activation, vf gate, vf up) {
    vf z = gate;
    if (activation == GELU_TANH) {
        vf cube = vf_fma(vf_mul(gate, gate), vf_set1(0.044715f), vf_set1(1));
        z = vf_mul(vf_mul(gate, vf_set1(0x1.988454p0f)), cube);
    }
    return vf_mul(vf_div(gate, vf_add(vf_exp(vf_negate(z)), vf_set1(1))), up);
}

static inline __attribute__((always_inline)) void activate_row(
        const int activation, float *gate, const float *up, int64_t columns) {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16)
        vf_store(gate + i, gated(activation, vf_load(gate + i), vf_load(up + i)));
    int rest = (int) (columns - i);
    if (rest > 0)
        vf_store_first(gate + i, gated(activation, vf_load_first(gate + i, rest), vf_load_first(up + i, rest)), rest);
}

static inline void gelu_row(float *x, int64_t columns) {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) vf_store(x + i, vf_gelu(vf_load(x + i)));
    int rest = (int) (columns - i);
    if (rest > 0) vf_store_first(x + i, vf_gelu(vf_load_first(x + i, rest)), rest);
}

// out = fma(factor, x, out).
static inline void add_scaled_row(const float *x, int64_t columns, float factor, float *out) {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16)
        vf_store(out + i, vf_fma(vf_set1(factor), vf_load(x + i), vf_load(out + i)));
    int rest = (int) (columns - i);
    if (rest > 0)
        vf_store_first(
                out + i, vf_fma(vf_set1(factor), vf_load_first(x + i, rest), vf_load_first(out + i, rest)), rest);
}

static inline void soft_cap_row(float *x, int64_t columns, float cap) {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) vf_store(x + i, vf_soft_cap(vf_load(x + i), cap));
    int rest = (int) (columns - i);
    if (rest > 0) vf_store_first(x + i, vf_soft_cap(vf_load_first(x + i, rest), cap), rest);
}

// A pair (a, b) becomes (fma(a, cos, -(b·sin)), fma(a, sin, b·cos)); partner and step say where pairs are.
static inline void rotate_head(
        float *restrict x, int64_t half, const float *restrict cosines, const float *restrict sines, int interleaved) {
    if (interleaved) {
        for (int64_t j = 0; j < half; j++) {
            float a = x[2 * j], b = x[2 * j + 1];
            x[2 * j] = __builtin_fmaf(a, cosines[j], -(b * sines[j]));
            x[2 * j + 1] = __builtin_fmaf(a, sines[j], b * cosines[j]);
        }
    } else {
        float *restrict y = x + half;
        for (int64_t j = 0; j < half; j++) {
            float a = x[j], b = y[j];
            x[j] = __builtin_fmaf(a, cosines[j], -(b * sines[j]));
            y[j] = __builtin_fmaf(a, sines[j], b * cosines[j]);
        }
    }
}

static inline float largest_of_row(const float *x, int64_t columns, int *has_nan) {
    float none = -__builtin_inff();
    vf largest = vf_set1(none);
    int nan = 0;
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) {
        vf v = vf_load(x + i);
        nan |= vf_has_nan(v, v);
        largest = vf_max(largest, v);
    }
    int rest = (int) (columns - i);
    if (rest > 0) {
        vf v = vf_keep_first(vf_load_first(x + i, rest), rest, none);
        nan |= vf_has_nan(v, v);
        largest = vf_max(largest, v);
    }
    *has_nan = nan;
    return vf_largest(largest);
}

// The largest, and the sum of exp(x - largest); NaN if there is one.
static inline void exponential_sum(const float *x, int64_t columns, float *largest, float *sum) {
    int has_nan;
    float max = largest_of_row(x, columns, &has_nan);
    vf partials = vf_zero();
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) partials = vf_add(partials, vf_exp(vf_sub(vf_load(x + i), vf_set1(max))));
    int rest = (int) (columns - i);
    if (rest > 0) {
        vf p = vf_exp(vf_sub(vf_load_first(x + i, rest), vf_set1(max)));
        partials = vf_fma_first(p, vf_set1(1), partials, rest); // rounds once, as an addition does
    }
    *largest = has_nan ? __builtin_nanf("") : max;
    *sum = vf_tree(partials);
}

// out = exp((x - largest) · factor).
static inline void exponentials(const float *x, int64_t columns, float largest, float factor, float *out) {
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16)
        vf_store(out + i, vf_exp(vf_mul(vf_sub(vf_load(x + i), vf_set1(largest)), vf_set1(factor))));
    int rest = (int) (columns - i);
    if (rest > 0) {
        vf v = vf_exp(vf_mul(vf_sub(vf_load_first(x + i, rest), vf_set1(largest)), vf_set1(factor)));
        vf_store_first(out + i, v, rest);
    }
}

// The lowest index of the largest; 0 if there is a NaN.
static inline int64_t index_of_largest(const float *x, int64_t columns) {
    int has_nan;
    float max = largest_of_row(x, columns, &has_nan);
    if (has_nan) return 0;
    int64_t i = 0;
    for (; i + 16 <= columns; i += 16) {
        unsigned equal = vf_equal(vf_load(x + i), vf_set1(max));
        if (equal != 0) return i + __builtin_ctz(equal);
    }
    for (; i < columns; i++)
        if (x[i] == max) return i;
    return 0;
}

#endif
