// The formats of quantized weights and their packed layout, which R16.java describes. All of it is constant where it is inlined.
#ifndef REDOUBT_FORMATS_H
#define REDOUBT_FORMATS_H

#include <stdint.h>

// Constants and registers are made of arguments and arrays by inlining and unrolling. The self-test goes without: the same reads and
// writes in a tenth of the code to watch.
#ifdef REDOUBT_SELFTEST
#define ALWAYS_INLINE static inline
#define UNROLL(TIMES)
#else
#define PRAGMA(WORDS) _Pragma(#WORDS)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL(TIMES) PRAGMA(GCC unroll TIMES)
#endif

enum { Q8_0 = 3, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS }; // NativeKernels.number
enum { FORMAT_FIRST = Q8_0, FORMAT_LAST = IQ4_XS };

#define EACH_FORMAT(DO) \
    DO(Q8_0) DO(Q4_0) DO(Q4_1) DO(Q5_0) DO(Q5_1) DO(Q2_K) DO(Q3_K) DO(Q4_K) DO(Q5_K) DO(Q6_K) DO(IQ4_NL) DO(IQ4_XS)

// What a code of IQ4_NL and IQ4_XS stands for.
#define CODE_TABLE -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113

ALWAYS_INLINE int is_indexed(int format) { return format == IQ4_NL || format == IQ4_XS; }
// Whether what is multiplied is signed: codes of 8 bits, and the table's entries.
ALWAYS_INLINE int is_signed(int format) { return format == Q8_0 || is_indexed(format); }
ALWAYS_INLINE int has_minimum(int format) {
    return format == Q4_1 || format == Q5_1 || format == Q2_K || format == Q4_K || format == Q5_K;
}
ALWAYS_INLINE int code_bits(int format) {
    return format == Q8_0                      ? 8
            : format == Q6_K                   ? 6
            : format == Q5_0 || format == Q5_1 ? 5
            : format == Q5_K                   ? 5
            : format == Q3_K                   ? 3
            : format == Q2_K                   ? 2
                                               : 4;
}
// What is taken from a code.
ALWAYS_INLINE int code_offset(int format) {
    return format == Q4_0 ? 8 : format == Q5_0 ? 16 : format == Q3_K ? 4 : format == Q6_K ? 32 : 0;
}
// Scales in 32 weights of a row.
ALWAYS_INLINE int block_scales(int format) { return format == Q2_K || format == Q3_K || format == Q6_K ? 2 : 1; }

// A span is as many k as a block of the file: blocks of 32 behind one header.
ALWAYS_INLINE int span_blocks(int format) {
    return block_scales(format) == 2 || format == Q4_K || format == Q5_K || format == IQ4_XS ? 8 : 1;
}
ALWAYS_INLINE int header_bytes(int format) { return has_minimum(format) ? 64 : 32; }
ALWAYS_INLINE int factor_bytes(int format) { return span_blocks(format) == 1 ? 0 : format == IQ4_XS ? 16 : 32; }
ALWAYS_INLINE int sum_bytes(int format) { return format == Q8_0 ? 0 : code_bits(format) <= 3 ? 1 : 2; } // 0: summed when read
ALWAYS_INLINE int codes_offset(int format) { return factor_bytes(format) + 16 * block_scales(format) * sum_bytes(format); }
ALWAYS_INLINE int packed_block_bytes(int format) { return codes_offset(format) + 64 * code_bits(format); }
ALWAYS_INLINE int64_t packed_group_bytes(int format, int64_t blocks) {
    return blocks * packed_block_bytes(format) + blocks / span_blocks(format) * header_bytes(format);
}
// Size of a span of one row in the file.
ALWAYS_INLINE int file_bytes(int format) {
    switch (format) {
        case Q8_0: return 34;
        case Q4_0: return 18;
        case Q4_1: return 20;
        case Q5_0: return 22;
        case Q5_1: return 24;
        case Q2_K: return 84;
        case Q3_K: return 110;
        case Q4_K: return 144;
        case Q5_K: return 176;
        case Q6_K: return 210;
        case IQ4_NL: return 18;
        default: return 136; // IQ4_XS
    }
}

#endif
