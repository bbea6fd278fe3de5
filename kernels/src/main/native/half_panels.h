// Products of signed weights with a panel's rows where each takes four operations: AVX2 without VNNI. Eight outputs of eight rows at a time:
// a weight's magnitude serves eight rows, and all sums stay in registers, which those of sixteen outputs of four rows do not.
#ifndef REDOUBT_HALF_PANELS_H
#define REDOUBT_HALF_PANELS_H

enum { HALF_PANEL_ROWS = 8 };

// Σ w·q of a block, for outputs from `codes` on.
ALWAYS_INLINE void multiply_half_block(const uint8_t *codes, const int8_t *q, __m256i *sums) {
    UNROLL(8)
    for (int r = 0; r < HALF_PANEL_ROWS; r++) sums[r] = _mm256_setzero_si256();
    UNROLL(8)
    for (int word = 0; word < PANEL_WORDS; word++) {
        __m256i weights = _mm256_load_si256((const __m256i *) (codes + 64 * word)), magnitudes = _mm256_abs_epi8(weights);
        UNROLL(8)
        for (int r = 0; r < HALF_PANEL_ROWS; r++) {
            int32_t four;
            memcpy(&four, q + BLOCK * r + 4 * word, 4);
            sums[r] = dot_256(sums[r], magnitudes, _mm256_sign_epi8(_mm256_set1_epi32(four), weights));
            __asm__ volatile("" : "+x"(sums[r])); // row by row: all rows' activations at once are more than registers hold
        }
    }
}

// Adds the products of a panel to eight sums for each of eight rows; `half`: which eight.
ALWAYS_INLINE void multiply_half_panel(
        const int half, const panel *from, int64_t blocks, const block_tile *x, int64_t row, float (*sums)[16]) {
    __m256 acc[HALF_PANEL_ROWS];
    UNROLL(8)
    for (int r = 0; r < HALF_PANEL_ROWS; r++) acc[r] = _mm256_loadu_ps(sums[r] + 8 * half);
    for (int64_t b = 0; b < blocks; b++, x++) {
        __m256i exact[HALF_PANEL_ROWS];
        multiply_half_block(from->codes[b] + 32 * half, x->q[row], exact);
        const weight_terms *of = &from->terms[b][0];
        __m256 scale = half ? of->scale.b : of->scale.a, weight_sum = half ? of->sum.b : of->sum.a;
        UNROLL(8)
        for (int r = 0; r < HALF_PANEL_ROWS; r++) {
            const block_terms *terms = &x->terms[row + r];
            __m256 sum = _mm256_fmadd_ps(_mm256_set1_ps(terms->zero), weight_sum, _mm256_cvtepi32_ps(exact[r]));
            acc[r] = _mm256_fmadd_ps(sum, _mm256_mul_ps(scale, _mm256_set1_ps(terms->scale)), acc[r]);
        }
    }
    UNROLL(8)
    for (int r = 0; r < HALF_PANEL_ROWS; r++) _mm256_storeu_ps(sums[r] + 8 * half, acc[r]);
}

#endif
