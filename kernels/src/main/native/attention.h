// Causal grouped-query attention over a paged KV cache, for the query heads that share one KV head; each query sees its own
// position and as many before it as its window has left.
#ifndef REDOUBT_ATTENTION_H
#define REDOUBT_ATTENTION_H

// KvLayout.java says how a block of 16 tokens lies: keys [dimension][16], values [16][dimension]; Q8 has 16 f32 scales ahead of
// each. A query is a (row, member of the group), numbered row by row. A few of them share every load of keys and values:
//
// 1. Scores, lanes are the 16 tokens of a block: every block of which one of the few sees a token.
// 2. Softmax per query; lanes that it does not see become -infinity first, and exp gives them exactly 0.
// 3. Values, lanes are dimensions: each query alone over what only earlier windows reach, all of them over the tokens that each sees,
//    then each alone over the rest of its own. Values that a query does not see are never read for it: a neighbour cannot show even in
//    the sign of a zero.

enum { KV_F32 = 0, KV_F16 = 1, KV_Q8 = 2 }; // NativeKernels.number

enum { QUERIES_MAX = 6, VECTORS_MAX = 4 };

typedef struct {
    const float *query; // of the first row and member
    float *out; // of the same shape
    int64_t row_stride; // in floats, of both
    int64_t group; // members
    int64_t dimension;
    int64_t queries; // rows · group
    const int32_t *tokens; // by row: how many it sees
    const int32_t *table; // block indices of the sequence
    const uint8_t *pool; // the keys of this layer and head in block 0
    int64_t block_bytes;
    int64_t value_distance; // from keys to values
    float scale;
    float cap; // of the scores, 0: none
    int64_t window; // how many tokens a query sees at most
    float *scores; // [QUERY_TILE][score_stride]
    int64_t score_stride; // tokens in whole blocks
} attention_call;

static inline const uint8_t *keys_of(const attention_call *call, int64_t index) {
    return call->pool + call->table[index] * call->block_bytes;
}

static inline int64_t kv_bytes(int format) { return format == KV_F32 ? 4 : format == KV_F16 ? 2 : 1; }
static inline int64_t kv_header(int format) { return format == KV_Q8 ? 64 : 0; }

static inline vf load_kv(int format, const uint8_t *p) {
    if (format == KV_F32) return vf_load((const float *) p);
    return format == KV_F16 ? vf_load_f16((const uint16_t *) p) : vf_load_i8((const int8_t *) p);
}

// The first n < 16: nothing behind them is read.
static inline vf load_kv_first(int format, const uint8_t *p, int n) {
    uint8_t copy[64] = {0};
    memcpy(copy, p, (size_t) (kv_bytes(format) * n));
    return load_kv(format, copy);
}

static inline __attribute__((always_inline)) void score_blocks(
        const int queries, const int format, const attention_call *call, const float *const *query, int64_t from,
        int64_t to) {
    int64_t step = 16 * kv_bytes(format);
    for (int64_t j = from; j < to; j++) {
        const uint8_t *block = keys_of(call, j);
        const uint8_t *keys = block + kv_header(format);
        vf acc[QUERIES_MAX];
#pragma GCC unroll 8
        for (int i = 0; i < queries; i++) acc[i] = vf_zero();
        for (int64_t d = 0; d < call->dimension; d++) {
            vf key = load_kv(format, keys + step * d);
#pragma GCC unroll 8
            for (int i = 0; i < queries; i++) acc[i] = vf_fma(key, vf_set1(query[i][d]), acc[i]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < queries; i++) {
            vf score = acc[i];
            if (format == KV_Q8) score = vf_mul(score, vf_load((const float *) block));
            vf_store(call->scores + i * call->score_stride + 16 * j, vf_mul(score, vf_set1(call->scale)));
        }
    }
}

// Scores become weights exp(score - max); returns 1 / their sum. Q8: weights are then multiplied by the values' scales.
static inline float softmax(int format, const attention_call *call, float *scores, int64_t first, int64_t tokens) {
    int64_t begin = first / 16, blocks = (tokens + 15) / 16;
    if (call->cap > 0)
        for (int64_t j = begin; j < blocks; j++)
            vf_store(scores + 16 * j, vf_soft_cap(vf_load(scores + 16 * j), call->cap));
    for (int64_t t = 16 * begin; t < first; t++) scores[t] = -__builtin_inff();
    float *last = scores + 16 * (blocks - 1);
    vf_store(last, vf_keep_first(vf_load(last), (int) (tokens - 16 * (blocks - 1)), -__builtin_inff()));
    vf largest = vf_load(scores + 16 * begin);
    for (int64_t j = begin + 1; j < blocks; j++) largest = vf_max(largest, vf_load(scores + 16 * j));
    vf max = vf_set1(vf_largest(largest));
    vf partials = vf_zero();
    for (int64_t j = begin; j < blocks; j++) {
        vf weight = vf_exp(vf_sub(vf_load(scores + 16 * j), max));
        partials = vf_add(partials, weight);
        if (format == KV_Q8)
            weight = vf_mul(weight, vf_load((const float *) (keys_of(call, j) + call->value_distance)));
        vf_store(scores + 16 * j, weight);
    }
    return 1.0f / vf_tree(partials);
}

// Adds weight · value for tokens `from` to `to` - 1 to dimensions d to d + 16·vectors - 1 (the last vector: `lanes` of it).
static inline __attribute__((always_inline)) void add_values(
        const int queries, const int vectors, const int format, const attention_call *call, const float *scores,
        int64_t from, int64_t to, int64_t d, int lanes, vf *acc) {
    int64_t row_bytes = call->dimension * kv_bytes(format);
    for (int64_t t = from; t < to;) {
        const uint8_t *values = keys_of(call, t / 16) + call->value_distance + kv_header(format) + d * kv_bytes(format);
        int64_t end = (t / 16 + 1) * 16 < to ? (t / 16 + 1) * 16 : to;
        for (; t < end; t++) {
            const uint8_t *row = values + (t % 16) * row_bytes;
            vf value[VECTORS_MAX];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                value[v] = lanes == 16 ? load_kv(format, row + 16 * v * kv_bytes(format))
                                       : load_kv_first(format, row, lanes);
#pragma GCC unroll 8
            for (int i = 0; i < queries; i++) {
                vf weight = vf_set1(scores[i * call->score_stride + t]);
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) acc[i * vectors + v] = vf_fma(weight, value[v], acc[i * vectors + v]);
            }
        }
    }
}

// The first `lanes` dimensions from d of one query over tokens `from` to `to` - 1. Not inlined: it would be once for each query of each
// kernel, and only windows need it.
static __attribute__((noinline)) void sum_before(
        int format, const attention_call *call, const float *scores, int64_t from, int64_t to, int64_t d, int lanes,
        float *sum) {
    vf acc = vf_zero();
    switch (format) {
        case KV_F32: add_values(1, 1, KV_F32, call, scores, from, to, d, lanes, &acc); break;
        case KV_F16: add_values(1, 1, KV_F16, call, scores, from, to, d, lanes, &acc); break;
        default: add_values(1, 1, KV_Q8, call, scores, from, to, d, lanes, &acc); break;
    }
    vf_store(sum, acc);
}

// Dimensions d to d + 16·vectors - 1 of all queries. Query i sees tokens first[i] to seen[i] - 1, neither decreasing.
static inline __attribute__((always_inline)) void sum_values(
        const int queries, const int vectors, const int format, const attention_call *call, const int64_t *first,
        const int64_t *seen, const float *inverse, float *const *out, int64_t d, int lanes) {
    int64_t from = first[queries - 1], to = seen[0] > from ? seen[0] : from; // everybody's
    vf acc[QUERIES_MAX * VECTORS_MAX];
#pragma GCC unroll 8
    for (int i = 0; i < queries; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) acc[i * vectors + v] = vf_zero();
    if (first[0] < from)
#pragma GCC unroll 8
        for (int i = 0; i < queries; i++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                float sum[16];
                sum_before(
                        format, call, call->scores + i * call->score_stride, first[i], seen[i] < from ? seen[i] : from,
                        d + 16 * v, lanes, sum);
                acc[i * vectors + v] = vf_load(sum);
            }
    add_values(queries, vectors, format, call, call->scores, from, to, d, lanes, acc);
#pragma GCC unroll 8
    for (int i = 0; i < queries; i++) {
        add_values(1, vectors, format, call, call->scores + i * call->score_stride, to, seen[i], d, lanes, acc + i * vectors);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            vf result = vf_mul(acc[i * vectors + v], vf_set1(inverse[i]));
            if (lanes == 16) vf_store(out[i] + d + 16 * v, result);
            else vf_store_first(out[i] + d, result, lanes);
        }
    }
}

static inline __attribute__((always_inline)) void attend_few(
        const int queries, const int format, const attention_call *call, int64_t first) {
    const float *query[QUERIES_MAX];
    float *out[QUERIES_MAX];
    int64_t from[QUERIES_MAX];
    int64_t seen[QUERIES_MAX];
    float inverse[QUERIES_MAX];
    for (int i = 0; i < queries; i++) {
        int64_t row = (first + i) / call->group, member = (first + i) % call->group;
        int64_t offset = row * call->row_stride + member * call->dimension;
        query[i] = call->query + offset;
        out[i] = call->out + offset;
        seen[i] = call->tokens[row];
        from[i] = seen[i] > call->window ? seen[i] - call->window : 0;
    }
    score_blocks(queries, format, call, query, from[0] / 16, (seen[queries - 1] + 15) / 16);
    for (int i = 0; i < queries; i++)
        inverse[i] = softmax(format, call, call->scores + i * call->score_stride, from[i], seen[i]);
    int64_t d = 0;
    for (; d + 16 * VALUE_VECTORS <= call->dimension; d += 16 * VALUE_VECTORS)
        sum_values(queries, VALUE_VECTORS, format, call, from, seen, inverse, out, d, 16);
    for (; d + 16 <= call->dimension; d += 16) sum_values(queries, 1, format, call, from, seen, inverse, out, d, 16);
    if (d < call->dimension)
        sum_values(queries, 1, format, call, from, seen, inverse, out, d, (int) (call->dimension - d));
}

static inline __attribute__((always_inline)) void attend_all(const int format, const attention_call *call) {
    int64_t first = 0;
    for (; first + QUERY_TILE <= call->queries; first += QUERY_TILE) attend_few(QUERY_TILE, format, call, first);
    while (first < call->queries) {
        int64_t left = call->queries - first;
        if (QUERY_TILE > 3 && left >= 3) {
            attend_few(3, format, call, first);
            first += 3;
        } else if (QUERY_TILE > 2 && left >= 2) {
            attend_few(2, format, call, first);
            first += 2;
        } else {
            attend_few(1, format, call, first);
            first++;
        }
    }
}

#endif
