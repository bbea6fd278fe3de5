// Sixteen 32-bit lanes in two 256-bit registers. The twin of simd_avx512.h: the kernels are written once against these names.
#ifndef REDOUBT_SIMD_H
#define REDOUBT_SIMD_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#ifdef REDOUBT_SELFTEST
#include "dots_emulated.h"
#endif

typedef struct {
    __m256 a, b;
} vf; // 16 × f32
typedef struct {
    __m256i a, b;
} vi; // 16 × i32, or 64 bytes

// What fits into the registers: rows that share the weights of a block, tokens that share float weights, queries that share keys and
// values, vectors of values at a time.
enum { BLOCK_ROWS = 4, BLOCK_GROUPS = 1, FLOAT_TOKENS = 2, QUERY_TILE = 3, VALUE_VECTORS = 1 };
enum { PAIR_TOKENS = 1 }; // tokens that share BF16 weights
enum { PANEL_ROWS_MIN = 16 }; // from so many rows on, quantized weights are unpacked once for all of them

#define EACH(F, x) ((vf) {F((x).a), F((x).b)})
#define PAIRS(F, x, y) ((vf) {F((x).a, (y).a), F((x).b, (y).b)})
#define INTS(F, x, y) ((vi) {F((x).a, (y).a), F((x).b, (y).b)})

static inline vf vf_set1(float x) { return (vf) {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline vf vf_zero(void) { return vf_set1(0); }
static inline vf vf_load(const float *p) { return (vf) {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline void vf_store(float *p, vf v) {
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}
static inline vf vf_add(vf x, vf y) { return PAIRS(_mm256_add_ps, x, y); }
static inline vf vf_sub(vf x, vf y) { return PAIRS(_mm256_sub_ps, x, y); }
static inline vf vf_mul(vf x, vf y) { return PAIRS(_mm256_mul_ps, x, y); }
static inline vf vf_div(vf x, vf y) { return PAIRS(_mm256_div_ps, x, y); }
static inline vf vf_min(vf x, vf y) { return PAIRS(_mm256_min_ps, x, y); }
static inline vf vf_max(vf x, vf y) { return PAIRS(_mm256_max_ps, x, y); }
static inline vf vf_fma(vf x, vf y, vf z) {
    return (vf) {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
static inline vf vf_negate(vf x) {
    __m256 sign = _mm256_set1_ps(-0.0f);
    return (vf) {_mm256_xor_ps(x.a, sign), _mm256_xor_ps(x.b, sign)};
}

static inline vi lanes_below(int n) {
    __m256i low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (vi) {_mm256_cmpgt_epi32(_mm256_set1_epi32(n), low), _mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), low)};
}
// The first n lanes of memory; the others are 0 and their memory is not touched.
static inline vf vf_load_first(const float *p, int n) {
    vi mask = lanes_below(n);
    return (vf) {_mm256_maskload_ps(p, mask.a), _mm256_maskload_ps(p + 8, mask.b)};
}
static inline void vf_store_first(float *p, vf v, int n) {
    vi mask = lanes_below(n);
    _mm256_maskstore_ps(p, mask.a, v.a);
    _mm256_maskstore_ps(p + 8, mask.b, v.b);
}
static inline vf select_ps(vf otherwise, vf chosen, vf mask) {
    return (vf) {_mm256_blendv_ps(otherwise.a, chosen.a, mask.a), _mm256_blendv_ps(otherwise.b, chosen.b, mask.b)};
}
// Lanes from n on are `other`.
static inline vf vf_keep_first(vf v, int n, float other) {
    vi mask = lanes_below(n);
    return select_ps(vf_set1(other), v, (vf) {_mm256_castsi256_ps(mask.a), _mm256_castsi256_ps(mask.b)});
}
// fma in the first n lanes; the others are z.
static inline vf vf_fma_first(vf x, vf y, vf z, int n) {
    vi mask = lanes_below(n);
    return select_ps(z, vf_fma(x, y, z), (vf) {_mm256_castsi256_ps(mask.a), _mm256_castsi256_ps(mask.b)});
}
// Where a > bound (a < bound), `value`.
static inline vf vf_where_above(vf v, vf a, float bound, float value) {
    __m256 limit = _mm256_set1_ps(bound);
    vf mask = {_mm256_cmp_ps(a.a, limit, _CMP_GT_OQ), _mm256_cmp_ps(a.b, limit, _CMP_GT_OQ)};
    return select_ps(v, vf_set1(value), mask);
}
static inline vf vf_where_below(vf v, vf a, float bound, float value) {
    __m256 limit = _mm256_set1_ps(bound);
    vf mask = {_mm256_cmp_ps(a.a, limit, _CMP_LT_OQ), _mm256_cmp_ps(a.b, limit, _CMP_LT_OQ)};
    return select_ps(v, vf_set1(value), mask);
}
// A bit for each lane of a that equals b; NaN equals nothing.
static inline unsigned vf_equal(vf x, vf y) {
    unsigned low = (unsigned) _mm256_movemask_ps(_mm256_cmp_ps(x.a, y.a, _CMP_EQ_OQ));
    return low | (unsigned) _mm256_movemask_ps(_mm256_cmp_ps(x.b, y.b, _CMP_EQ_OQ)) << 8;
}

static inline vf vf_load_f16(const uint16_t *p) {
    return (vf) {_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) p)),
                 _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (p + 8)))};
}
// E4M3 widened to 2^-8 of what they stand for: to the f16 of the same sign, exponent and fraction.
static inline vf vf_load_e4m3(const uint8_t *p) {
    __m256i words = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *) p)); // the sign above the rest
    __m256i sign = _mm256_and_si256(words, _mm256_set1_epi16((short) 0x8000));
    words = _mm256_or_si256(sign, _mm256_and_si256(_mm256_slli_epi16(words, 7), _mm256_set1_epi16(0x3F80)));
    return (vf) {_mm256_cvtph_ps(_mm256_castsi256_si128(words)), _mm256_cvtph_ps(_mm256_extracti128_si256(words, 1))};
}
static inline __m256 i16_to_ps(const int16_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *) p)));
}
static inline vf vf_load_i16(const int16_t *p) { return (vf) {i16_to_ps(p), i16_to_ps(p + 8)}; }
static inline __m256 i8_to_ps(const int8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) p)));
}
static inline vf vf_load_i8(const int8_t *p) { return (vf) {i8_to_ps(p), i8_to_ps(p + 8)}; }
// Rounded to nearest even.
static inline void vf_store_f16(uint16_t *p, vf v) {
    _mm_storeu_si128((__m128i *) p, _mm256_cvtps_ph(v.a, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128((__m128i *) (p + 8), _mm256_cvtps_ph(v.b, _MM_FROUND_TO_NEAREST_INT));
}
// Integers in -128..127.
static inline void vf_store_i8(int8_t *p, vf v) {
    __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(v.a), _mm256_cvtps_epi32(v.b)); // by halves of 128 bits
    words = _mm256_permute4x64_epi64(words, 0xD8);
    __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *) p, bytes);
}

static inline vi vi_set1(int32_t x) { return (vi) {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
static inline vi vi_load(const void *p) {
    const __m256i *from = p;
    return (vi) {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}
static inline void vi_store(void *p, vi v) {
    __m256i *to = p;
    _mm256_storeu_si256(to, v.a);
    _mm256_storeu_si256(to + 1, v.b);
}
static inline vi vi_load_i8(const int8_t *p) {
    return (vi) {_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) p)),
                 _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) (p + 8)))};
}
static inline vi vi_add(vi x, vi y) { return INTS(_mm256_add_epi32, x, y); }
static inline vi vi_and(vi x, vi y) { return INTS(_mm256_and_si256, x, y); }
static inline vi vi_or(vi x, vi y) { return INTS(_mm256_or_si256, x, y); }
static inline vi vi_xor(vi x, vi y) { return INTS(_mm256_xor_si256, x, y); }
static inline vi vi_shift_left(vi x, int bits) {
    return (vi) {_mm256_slli_epi32(x.a, bits), _mm256_slli_epi32(x.b, bits)};
}
static inline vi vi_shift_right(vi x, int bits) {
    return (vi) {_mm256_srli_epi32(x.a, bits), _mm256_srli_epi32(x.b, bits)};
}
// Entry `index` of 16, byte by byte.
static inline vi vi_lookup(const int8_t *table, vi index) {
    __m256i entries = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *) table));
    return (vi) {_mm256_shuffle_epi8(entries, index.a), _mm256_shuffle_epi8(entries, index.b)};
}
static inline vf vi_to_float(vi x) { return EACH(_mm256_cvtepi32_ps, x); }
static inline vi vf_bits(vf x) { return (vi) {_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)}; }
static inline vf vf_from_bits(vi x) { return EACH(_mm256_castsi256_ps, x); }

#ifdef REDOUBT_AVX_VNNI
static inline vi vi_dot(vi acc, vi u, vi s) {
    return (vi) {_mm256_dpbusd_avx_epi32(acc.a, u.a, s.a), _mm256_dpbusd_avx_epi32(acc.b, u.b, s.b)};
}
// Sums of such products, and how many of them.
static inline int dots_at_once(int bits) { return (void) bits, 8; }
static inline vi dots_begin(vi sum) { return sum; }
static inline vi dots_add(vi dots, vi u, vi s) { return vi_dot(dots, u, s); }
static inline vi dots_end(vi sum, vi dots) { return (void) sum, dots; }
// Signed weights: made unsigned by adding 128, which is taken back at the start of the sum.
enum { Q8_OFFSET = 128 };
static inline vi q8_weights(vi raw) { return vi_xor(raw, vi_set1((int32_t) 0x80808080)); }
static inline vi q8_dot(vi acc, vi weights, vi s) { return vi_dot(acc, weights, s); }
#else
// Pairs of products go through 16 bits: exact while two of them fit, so u may be at most 128 and |s| at most 127.
static inline __m256i dot_256(__m256i acc, __m256i u, __m256i s) {
    __m256i pairs = _mm256_maddubs_epi16(u, s);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
// Sums of products with codes of few bits fit into 16 bits a few times over: 8 × 2 × 15 × 127, 4 × 2 × 31 × 127, 2 × 2 × 63 × 127
// are all below 2^15.
static inline int dots_at_once(int bits) { return bits == 6 ? 2 : bits == 5 ? 4 : 8; }
static inline __m256i dots_add_256(__m256i dots, __m256i u, __m256i s) {
    return _mm256_add_epi16(dots, _mm256_maddubs_epi16(u, s));
}
static inline __m256i dots_end_256(__m256i sum, __m256i dots) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(dots, _mm256_set1_epi16(1)));
}
static inline vi dots_begin(vi sum) { return (void) sum, vi_set1(0); }
static inline vi dots_add(vi dots, vi u, vi s) {
    return (vi) {dots_add_256(dots.a, u.a, s.a), dots_add_256(dots.b, u.b, s.b)};
}
static inline vi dots_end(vi sum, vi dots) { return (vi) {dots_end_256(sum.a, dots.a), dots_end_256(sum.b, dots.b)}; }
// Signed weights: their sign goes to the activations, so that what is unsigned is at most 128.
enum { Q8_OFFSET = 0 };
static inline vi q8_weights(vi raw) { return raw; }
static inline __m256i q8_dot_256(__m256i acc, __m256i w, __m256i s) {
    return dot_256(acc, _mm256_abs_epi8(w), _mm256_sign_epi8(s, w));
}
static inline vi q8_dot(vi acc, vi w, vi s) { return (vi) {q8_dot_256(acc.a, w.a, s.a), q8_dot_256(acc.b, w.b, s.b)}; }
#define REDOUBT_HALF_PANELS // half_panels.h
#endif

// Sums i and i+8.
static inline __m256 vf_fold(vf v) { return _mm256_add_ps(v.a, v.b); }
static inline float vf_largest(vf v) {
    __m256 eight = _mm256_max_ps(v.a, v.b);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}
static inline float vf_smallest(vf v) { return -vf_largest(vf_negate(v)); }
static inline int vf_has_nan(vf x, vf y) {
    __m256 either = _mm256_or_ps(_mm256_cmp_ps(x.a, y.a, _CMP_UNORD_Q), _mm256_cmp_ps(x.b, y.b, _CMP_UNORD_Q));
    return _mm256_movemask_ps(either) != 0;
}

#endif
