// The byte products of VNNI by those of AVX2, for the self-test: machines that lack them still run the code that uses them.
#ifndef REDOUBT_DOTS_EMULATED_H
#define REDOUBT_DOTS_EMULATED_H

// acc + the four products of bytes in each lane: u unsigned, s signed.
static inline __m256i emulated_dots(__m256i acc, __m256i u, __m256i s) {
    __m256i even = _mm256_madd_epi16(
            _mm256_and_si256(u, _mm256_set1_epi16(255)), _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(u, 8), _mm256_srai_epi16(s, 8));
    return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
}

#define _mm256_dpbusd_avx_epi32 emulated_dots

#endif
