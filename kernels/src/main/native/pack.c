// Repacks quantized weights as files have them into the layout of R16.java: 16 rows interleaved. The readers are those of
// GgufBlocks.java: four codes at once, one in each byte of a word; `part` is which 32 weights of the file's block are meant.
#include "formats.h"
#include "redoubt.h"

#include <string.h>

enum { ROWS = 16, WORDS = 8 };
static const uint32_t ONES = 0x01010101, TWOS = 0x03030303, NIBBLES = 0x0F0F0F0F;
static const int8_t TABLE[16] = {CODE_TABLE};

ALWAYS_INLINE uint32_t word_at(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

ALWAYS_INLINE uint32_t nibbles(const uint8_t *p, int word) { return word_at(p + 4 * (word % 4)) >> 4 * (word / 4) & NIBBLES; }
ALWAYS_INLINE uint32_t halves(const uint8_t *p, int part, int word) {
    return word_at(p + 32 * (part / 2) + 4 * word) >> 4 * (part % 2) & NIBBLES;
}
ALWAYS_INLINE uint32_t two_bits(const uint8_t *p, int part, int word) {
    return word_at(p + 32 * (part / 4) + 4 * word) >> 2 * (part % 4) & TWOS;
}
ALWAYS_INLINE uint32_t one_bit(const uint8_t *p, int part, int word) { return word_at(p + 4 * word) >> part & ONES; }
ALWAYS_INLINE uint32_t spread(const uint8_t *p, int word) { return (word_at(p) >> 4 * word & 15) * 0x00204081u & ONES; }
ALWAYS_INLINE uint32_t six_bits(const uint8_t *from, int part, int word) {
    uint32_t low = word_at(from + 64 * (part / 4) + 32 * (part % 2) + 4 * word) >> 4 * (part % 4 / 2) & NIBBLES;
    return low | two_bits(from + 128, part, word) << 4;
}

ALWAYS_INLINE uint32_t codes(int format, const uint8_t *from, int part, int word) {
    switch (format) {
        case Q8_0: return word_at(from + 2 + 4 * word);
        case Q4_0:
        case IQ4_NL: return nibbles(from + 2, word);
        case Q4_1: return nibbles(from + 4, word);
        case Q5_0: return nibbles(from + 6, word) | spread(from + 2, word) << 4;
        case Q5_1: return nibbles(from + 8, word) | spread(from + 4, word) << 4;
        case Q2_K: return two_bits(from + 16, part, word);
        case Q3_K: return two_bits(from + 32, part, word) | one_bit(from, part, word) << 2;
        case Q4_K: return halves(from + 16, part, word);
        case Q5_K: return halves(from + 48, part, word) | one_bit(from + 16, part, word) << 4;
        case Q6_K: return six_bits(from, part, word);
        default: return nibbles(from + 8 + 16 * part, word); // IQ4_XS
    }
}

// Of Q4_K and Q5_K, parts 4 to 7: four bits of their own, two bits above those of parts 0 to 3.
ALWAYS_INLINE int upper(const uint8_t *from, int part, int shift) {
    return (from[8 + part] >> shift & 15) | from[shift + part] >> 6 << 4;
}

ALWAYS_INLINE int factor(int format, const uint8_t *from, int part, int half) {
    const int index = 2 * part + half;
    switch (format) {
        case Q2_K: return from[index]; // the minimum's in its upper nibble
        case Q3_K: {
            const uint8_t *scales = from + 96;
            return ((scales[index % 8] >> 4 * (index / 8) & 15) | (scales[8 + index % 4] >> 2 * (index / 4) & 3) << 4) - 32;
        }
        case Q6_K: return (int8_t) from[192 + index];
        case IQ4_XS: {
            int high = from[2] | from[3] << 8;
            return ((from[4 + part / 2] >> 4 * (part % 2) & 15) | (high >> 2 * part & 3) << 4) - 32;
        }
        default: return part < 4 ? from[4 + part] & 63 : upper(from, part, 0); // Q4_K, Q5_K
    }
}

// `bits` bits of every code, from bit `shift` on.
ALWAYS_INLINE void pack_plane(int bits, int shift, const uint32_t *words, uint8_t *to) {
    const uint32_t mask = ((1u << bits) - 1) * ONES;
    uint32_t plane[4] = {0};
    for (int w = 0; w < WORDS; w++) {
        int vector = bits == 4 ? w % 4 : bits == 2 ? w / 4 : 0;
        plane[vector] |= (words[w] >> shift & mask) << (bits == 4 ? 4 * (w / 4) : bits == 2 ? 2 * (w % 4) : w);
    }
    for (int v = 0; v < bits; v++) memcpy(to + 64 * v, &plane[v], 4);
}

ALWAYS_INLINE void pack_codes(int format, const uint32_t *words, uint8_t *to) {
    const int bits = code_bits(format), low = bits >= 4 ? 4 : 2;
    if (bits == 8)
        for (int w = 0; w < WORDS; w++) memcpy(to + 64 * w, &words[w], 4);
    else pack_plane(low, 0, words, to);
    if (bits == 3 || bits == 5) pack_plane(1, low, words, to + 64 * low);
    if (bits == 6) pack_plane(2, low, words, to + 64 * low);
}

ALWAYS_INLINE int weight(int format, uint8_t code) {
    return is_indexed(format) ? TABLE[code] : format == Q8_0 ? (int8_t) code : code - code_offset(format);
}

ALWAYS_INLINE void pack_sums(int format, const uint32_t *words, uint8_t *to, int64_t lane) {
    const int each = 4 * WORDS / block_scales(format), bytes = sum_bytes(format);
    if (bytes == 0) return;
    uint8_t all[4 * WORDS];
    memcpy(all, words, sizeof all);
    for (int half = 0; half < block_scales(format); half++) {
        int sum = 0;
        for (int k = half * each; k < (half + 1) * each; k++) sum += weight(format, all[k]);
        int16_t stored = (int16_t) sum; // little-endian, so that its first byte is an i8
        memcpy(to + bytes * (ROWS * half + lane), &stored, (size_t) bytes);
    }
}

ALWAYS_INLINE void pack_block(int format, const uint8_t *from, int part, uint8_t *to, int64_t lane) {
    uint32_t words[WORDS];
    for (int w = 0; w < WORDS; w++) words[w] = codes(format, from, part, w);
    pack_codes(format, words, to + codes_offset(format) + 4 * lane);
    pack_sums(format, words, to + factor_bytes(format), lane);
    if (span_blocks(format) == 1) return;
    for (int half = 0; half < block_scales(format); half++) to[ROWS * half + lane] = (uint8_t) factor(format, from, part, half);
    if (format == Q4_K || format == Q5_K)
        to[ROWS + lane] = (uint8_t) (part < 4 ? from[8 + part] & 63 : upper(from, part, 4));
}

// One row of one span.
ALWAYS_INLINE void pack_span(int format, const uint8_t *from, uint8_t *to, int64_t lane) {
    const int scale = format == Q2_K ? 80 : format == Q3_K ? 108 : format == Q6_K ? 208 : 0;
    memcpy(to + 2 * lane, from + scale, 2);
    if (has_minimum(format)) memcpy(to + 2 * (ROWS + lane), from + scale + 2, 2);
    for (int part = 0; part < span_blocks(format); part++)
        pack_block(format, from, part, to + header_bytes(format) + part * packed_block_bytes(format), lane);
}

ALWAYS_INLINE void pack_groups(
        int format, const uint8_t *file, int64_t rows, int64_t blocks, int64_t group_from, int64_t group_to, uint8_t *packed) {
    const int64_t span_bytes = packed_group_bytes(format, span_blocks(format)), spans = blocks / span_blocks(format);
    for (int64_t group = group_from; group < group_to; group++) {
        int64_t lanes = rows - group * ROWS < ROWS ? rows - group * ROWS : ROWS;
        for (int64_t span = 0; span < spans; span++) {
            uint8_t *to = packed + (group * spans + span) * span_bytes;
            for (int64_t lane = 0; lane < lanes; lane++)
                pack_span(format, file + ((group * ROWS + lane) * spans + span) * file_bytes(format), to, lane);
        }
    }
}

void redoubt_pack(
        int32_t format, const uint8_t *file, int64_t rows, int64_t blocks, int64_t group_from, int64_t group_to,
        uint8_t *packed) {
#define CASE(F) \
    case F: pack_groups(F, file, rows, blocks, group_from, group_to, packed); break;
    switch (format) {
        EACH_FORMAT(CASE)
        default: break;
    }
#undef CASE
}
