// Sixteen 32-bit lanes in one 512-bit register. The twin of simd_avx2.h: the kernels are written once against these names.
#ifndef REDOUBT_SIMD_H
#define REDOUBT_SIMD_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

typedef __m512 vf; // 16 × f32
typedef __m512i vi; // 16 × i32, or 64 bytes

// What fits into the registers: rows that share the weights of a block, tokens that share float weights, queries that share keys and
// values, vectors of values at a time.
enum { BLOCK_ROWS = 4, BLOCK_GROUPS = 2, FLOAT_TOKENS = 6, QUERY_TILE = 6, VALUE_VECTORS = 4 };
enum { PANEL_ROWS_MIN = 0 }; // never: tiles of two groups share their activations, and panels were measured with AVX2 only
// Tokens that share BF16 weights.
#ifdef REDOUBT_AVX512_BF16
enum { PAIR_TOKENS = 6 };
#else
enum { PAIR_TOKENS = 4 };
#endif

static inline vf vf_zero(void) { return _mm512_setzero_ps(); }
static inline vf vf_set1(float x) { return _mm512_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_negate(vf a) {
    return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32(INT32_MIN)));
}

// The first n lanes of memory; the others are 0 and their memory is not touched.
static inline vf vf_load_first(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16) ((1u << n) - 1), p); }
static inline void vf_store_first(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, (__mmask16) ((1u << n) - 1), v); }
// Lanes from n on are `other`.
static inline vf vf_keep_first(vf v, int n, float other) {
    return _mm512_mask_mov_ps(vf_set1(other), (__mmask16) ((1u << n) - 1), v);
}
// fma in the first n lanes; the others are c.
static inline vf vf_fma_first(vf a, vf b, vf c, int n) {
    return _mm512_mask3_fmadd_ps(a, b, c, (__mmask16) ((1u << n) - 1));
}
// Where a > bound (a < bound), `value`.
static inline vf vf_where_above(vf v, vf a, float bound, float value) {
    return _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(a, vf_set1(bound), _CMP_GT_OQ), vf_set1(value));
}
static inline vf vf_where_below(vf v, vf a, float bound, float value) {
    return _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(a, vf_set1(bound), _CMP_LT_OQ), vf_set1(value));
}
// A bit for each lane of a that equals b; NaN equals nothing.
static inline unsigned vf_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }

static inline vf vf_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) p)); }
// E4M3 widened to 2^-8 of what they stand for: to the f16 of the same sign, exponent and fraction.
static inline vf vf_load_e4m3(const uint8_t *p) {
    __m256i words = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *) p)); // the sign above the rest
    __m256i sign = _mm256_and_si256(words, _mm256_set1_epi16((short) 0x8000));
    words = _mm256_or_si256(sign, _mm256_and_si256(_mm256_slli_epi16(words, 7), _mm256_set1_epi16(0x3F80)));
    return _mm512_cvtph_ps(words);
}
static inline vf vf_load_i16(const int16_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *) p)));
}
static inline vf vf_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p)));
}
// Rounded to nearest even.
static inline void vf_store_f16(uint16_t *p, vf v) {
    _mm256_storeu_si256((__m256i *) p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// Integers in -128..127.
static inline void vf_store_i8(int8_t *p, vf v) {
    _mm_storeu_si128((__m128i *) p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

static inline vi vi_set1(int32_t x) { return _mm512_set1_epi32(x); }
static inline vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void vi_store(void *p, vi v) { _mm512_storeu_si512(p, v); }
static inline vi vi_load_i8(const int8_t *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p)); }
static inline vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
static inline vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
static inline vi vi_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
static inline vi vi_shift_left(vi a, int bits) { return _mm512_slli_epi32(a, (unsigned) bits); }
static inline vi vi_shift_right(vi a, int bits) { return _mm512_srli_epi32(a, (unsigned) bits); }
// Entry `index` of 16, byte by byte.
static inline vi vi_lookup(const int8_t *table, vi index) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_load_si128((const __m128i *) table)), index);
}
static inline vf vi_to_float(vi a) { return _mm512_cvtepi32_ps(a); }
static inline vi vf_bits(vf a) { return _mm512_castps_si512(a); }
static inline vf vf_from_bits(vi a) { return _mm512_castsi512_ps(a); }

// acc + the four products of bytes in each lane: u unsigned, s signed.
static inline vi vi_dot(vi acc, vi u, vi s) { return _mm512_dpbusd_epi32(acc, u, s); }
// Sums of such products, and how many of them.
static inline int dots_at_once(int bits) { return (void) bits, 8; }
static inline vi dots_begin(vi sum) { return sum; }
static inline vi dots_add(vi dots, vi u, vi s) { return vi_dot(dots, u, s); }
static inline vi dots_end(vi sum, vi dots) { return (void) sum, dots; }

#ifdef REDOUBT_AVX512_BF16
// acc + the two products of bf16 in each lane.
static inline vf vf_dot_bf16(vf acc, vi w, vi x) { return _mm512_dpbf16_ps(acc, (__m512bh) w, (__m512bh) x); }
#endif

// Signed weights: made unsigned by adding 128, which is taken back at the start of the sum.
enum { Q8_OFFSET = 128 };
static inline vi q8_weights(vi raw) { return vi_xor(raw, vi_set1((int32_t) 0x80808080)); }
static inline vi q8_dot(vi acc, vi weights, vi s) { return vi_dot(acc, weights, s); }

// Sums i and i+8.
static inline __m256 vf_fold(vf v) { return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)); }
static inline float vf_largest(vf v) { return _mm512_reduce_max_ps(v); }
static inline float vf_smallest(vf v) { return _mm512_reduce_min_ps(v); }
static inline int vf_has_nan(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) != 0; }

#endif
