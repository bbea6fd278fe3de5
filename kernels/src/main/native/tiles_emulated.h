// The tiles of AMX in plain C, for the self-test: machines that lack them still run the code that uses them.
#ifndef REDOUBT_TILES_EMULATED_H
#define REDOUBT_TILES_EMULATED_H

#include <stdlib.h>

static _Thread_local uint8_t tile_data[8][16][64];
static _Thread_local const uint8_t *tile_shape; // the configuration: 16 row lengths from byte 16 on, 16 row counts from byte 48 on

static inline int emulated_row_bytes(int tile) { return tile_shape[16 + 2 * tile] | tile_shape[17 + 2 * tile] << 8; }
static inline int emulated_rows(int tile) {
    if (tile_shape == NULL) abort(); // the processor would raise #UD
    return tile_shape[48 + tile];
}

static inline void emulated_dot(int sums, int x, int weights, int weights_signed) {
    // A row of x holds bytes of k, a row of weights four k of each output.
    for (int row = 0; row < emulated_rows(sums); row++)
        for (int output = 0; output < emulated_row_bytes(sums) / 4; output++) {
            int32_t sum;
            memcpy(&sum, &tile_data[sums][row][4 * output], 4);
            for (int k = 0; k < emulated_row_bytes(x); k++) {
                uint8_t weight = tile_data[weights][k / 4][4 * output + k % 4];
                sum += (int8_t) tile_data[x][row][k] * (weights_signed ? (int8_t) weight : weight);
            }
            memcpy(&tile_data[sums][row][4 * output], &sum, 4);
        }
}

#define tile_configure(config) (tile_shape = (const uint8_t *) (config))
#define tile_release() (tile_shape = NULL)
#define tile_zero(tile) memset(tile_data[tile], 0, sizeof tile_data[tile])
#define tile_load(tile, from, stride) \
    for (int row = 0; row < emulated_rows(tile); row++) \
    memcpy(tile_data[tile][row], (const uint8_t *) (from) + (stride) * row, (size_t) emulated_row_bytes(tile))
#define tile_store(tile, to, stride) \
    for (int row = 0; row < emulated_rows(tile); row++) \
    memcpy((uint8_t *) (to) + (stride) * row, tile_data[tile][row], (size_t) emulated_row_bytes(tile))
#define tile_dot_signed(sums, x, weights) emulated_dot(sums, x, weights, 1)
#define tile_dot_unsigned(sums, x, weights) emulated_dot(sums, x, weights, 0)

#endif
