// Repacks quantized weights as files have them into the layout of R16.java: 16 rows interleaved.
#include "redoubt.h"

#include <string.h>

enum { ROWS = 16, Q8_0 = 3, Q4_0 = 4, Q4_1 = 5 }; // formats: NativeKernels.number

// One row of one block: scale (and minimum) first, then 4 bytes a word; its sum comes between.
static inline __attribute__((always_inline)) void pack_block(int format, const uint8_t *from, uint8_t *to, int64_t lane) {
    const int headers = format == Q4_1 ? 2 : 1, words = format == Q8_0 ? 8 : 4;
    for (int h = 0; h < headers; h++) memcpy(to + 2 * ROWS * h + 2 * lane, from + 2 * h, 2);
    const uint8_t *quants = from + 2 * headers;
    uint8_t *packed = to + 2 * ROWS * (headers + 1) + 4 * lane;
    int32_t sum = format == Q4_0 ? -8 * 32 : 0;
    for (int v = 0; v < words; v++) memcpy(packed + 64 * v, quants + 4 * v, 4);
    for (int i = 0; i < 4 * words; i++) sum += format == Q8_0 ? (int8_t) quants[i] : (quants[i] & 15) + (quants[i] >> 4);
    int16_t stored = (int16_t) sum;
    memcpy(to + 2 * ROWS * headers + 2 * lane, &stored, 2);
}

static inline __attribute__((always_inline)) void pack_groups(
        int format, const uint8_t *file, int64_t rows, int64_t blocks, int64_t group_from, int64_t group_to, uint8_t *packed) {
    const int64_t file_bytes = format == Q8_0 ? 34 : format == Q4_0 ? 18 : 20, packed_bytes = (file_bytes + 2) * ROWS;
    for (int64_t group = group_from; group < group_to; group++) {
        int64_t lanes = rows - group * ROWS < ROWS ? rows - group * ROWS : ROWS;
        for (int64_t b = 0; b < blocks; b++) {
            uint8_t *to = packed + (group * blocks + b) * packed_bytes;
            for (int64_t lane = 0; lane < lanes; lane++)
                pack_block(format, file + ((group * ROWS + lane) * blocks + b) * file_bytes, to, lane);
        }
    }
}

void redoubt_pack(
        int32_t format, const uint8_t *file, int64_t rows, int64_t blocks, int64_t group_from, int64_t group_to,
        uint8_t *packed) {
    switch (format) {
        case Q8_0: pack_groups(Q8_0, file, rows, blocks, group_from, group_to, packed); break;
        case Q4_0: pack_groups(Q4_0, file, rows, blocks, group_from, group_to, packed); break;
        case Q4_1: pack_groups(Q4_1, file, rows, blocks, group_from, group_to, packed); break;
        default: break;
    }
}
