// The scalar functions that every provider computes with the same operations in the same order: see Numbers.java.
#ifndef REDOUBT_NUMBERS_H
#define REDOUBT_NUMBERS_H

static const float ROUND = 0x1.8p23f;
static const float EXP_MAX = 88.376f;
static const float EXP_MIN = -87.336f;

// e to the x, lane by lane.
static inline vf vf_exp(vf x) {
    vf t = vf_fma(x, vf_set1(0x1.715476p0f), vf_set1(ROUND));
    vf n = vf_sub(t, vf_set1(ROUND));
    vf r = vf_fma(n, vf_set1(-0x1.63p-1f), x);
    r = vf_fma(n, vf_set1(0x1.bd0106p-13f), r);
    vf p = vf_fma(r, vf_set1(0x1.a0d2cep-13f), vf_set1(0x1.6e879cp-10f));
    p = vf_fma(p, r, vf_set1(0x1.11121p-7f));
    p = vf_fma(p, r, vf_set1(0x1.555382p-5f));
    p = vf_fma(p, r, vf_set1(0x1.555554p-3f));
    p = vf_fma(p, r, vf_set1(0x1.0p-1f));
    p = vf_add(vf_fma(p, vf_mul(r, r), r), vf_set1(1));
    vf power = vf_from_bits(vi_add(vi_shift_left(vf_bits(t), 23), vi_set1(0x3F800000)));
    vf y = vf_where_above(vf_mul(p, power), x, EXP_MAX, __builtin_inff());
    return vf_where_below(y, x, EXP_MIN, 0);
}

// cap · tanh(x / cap).
static inline vf vf_soft_cap(vf x, float cap) {
    vf e = vf_exp(vf_mul(x, vf_set1(2 / cap)));
    return vf_mul(vf_sub(vf_set1(1), vf_div(vf_set1(2), vf_add(e, vf_set1(1)))), vf_set1(cap));
}

// x · Φ(x).
static inline vf vf_gelu(vf x) {
    vf a = vf_from_bits(vi_and(vf_bits(x), vi_set1(0x7FFFFFFF)));
    vf t = vf_div(vf_set1(1), vf_fma(a, vf_set1(0x1.3851ecp-2f), vf_set1(1)));
    vf p = vf_fma(vf_set1(0x1.2ca322p-5f), t, vf_set1(-0x1.395148p-3f));
    p = vf_fma(p, t, vf_set1(0x1.7c580ap-3f));
    p = vf_fma(p, t, vf_set1(-0x1.371746p-5f));
    p = vf_fma(p, t, vf_set1(0x1.efb36ep-4f));
    p = vf_fma(p, t, vf_set1(0x1.a79ceep-4f));
    p = vf_fma(p, t, vf_set1(0x1.f59fbap-4f));
    p = vf_fma(p, t, vf_set1(0x1.f23c82p-4f));
    vf tail = vf_mul(vf_mul(p, t), vf_exp(vf_mul(vf_mul(a, a), vf_set1(-0.5f))));
    return vf_fma(vf_negate(a), tail, vf_max(x, vf_zero()));
}

// The sum of the 16 lanes of a vector is that of i and i+8, then i and i+4, i and i+2, i and i+1.
static inline __m128 vf_fold_twice(vf v) {
    __m256 eight = vf_fold(v);
    return _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
}
static inline float vf_tree(vf v) {
    __m128 four = vf_fold_twice(v);
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// Of four vectors.
static inline __m128 vf_tree4(const vf *v) {
    __m128 a = vf_fold_twice(v[0]), b = vf_fold_twice(v[1]), c = vf_fold_twice(v[2]), d = vf_fold_twice(v[3]);
    __m128 ab = _mm_add_ps(_mm_shuffle_ps(a, b, 0x44), _mm_shuffle_ps(a, b, 0xEE));
    __m128 cd = _mm_add_ps(_mm_shuffle_ps(c, d, 0x44), _mm_shuffle_ps(c, d, 0xEE));
    return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xDD));
}
// i and i+4 of one vector in the lower half, of the other in the upper.
static inline __m256 fold_both(vf v, vf w) {
    __m256 a = vf_fold(v), b = vf_fold(w);
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
// Of eight vectors, in a quarter fewer operations than twice four.
static inline __m256 vf_tree8(const vf *v) {
    __m256 a = fold_both(v[0], v[4]), b = fold_both(v[1], v[5]), c = fold_both(v[2], v[6]), d = fold_both(v[3], v[7]);
    __m256 ab = _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xEE));
    __m256 cd = _mm256_add_ps(_mm256_shuffle_ps(c, d, 0x44), _mm256_shuffle_ps(c, d, 0xEE));
    return _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x88), _mm256_shuffle_ps(ab, cd, 0xDD));
}

#endif
