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

// Adds the 16 lanes of each of four vectors: i and i+8, then i and i+4, i and i+2, i and i+1.
static inline __m128 vf_tree4(vf a, vf b, vf c, vf d) {
    __m128 fa = vf_fold(a), fb = vf_fold(b), fc = vf_fold(c), fd = vf_fold(d);
    __m128 ab = _mm_add_ps(_mm_shuffle_ps(fa, fb, 0x44), _mm_shuffle_ps(fa, fb, 0xEE));
    __m128 cd = _mm_add_ps(_mm_shuffle_ps(fc, fd, 0x44), _mm_shuffle_ps(fc, fd, 0xEE));
    return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xDD));
}

static inline float vf_tree(vf v) {
    __m128 four = vf_fold(v);
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#endif
