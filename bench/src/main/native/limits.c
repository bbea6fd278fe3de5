// What this machine can do at most: multiply-adds of a loop that does nothing else, and bytes of a plain read. One line each.
//
//     limits THREADS BYTES...
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHAINS = 12, STEPS = 4000000, ROUNDS = 7, THREADS_MAX = 1024 };

static pthread_barrier_t barrier;
static int threads;
static char *memory;
static size_t memory_bytes;
static double seconds[THREADS_MAX];
static volatile int sink;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

#if defined(__AVX512VNNI__)
#define LANES 16
typedef __m512i ints;
typedef __m512 floats;
static ints dot(ints sum, ints x, ints y) { return _mm512_dpbusd_epi32(sum, x, y); }
static floats fma_(floats sum, floats x, floats y) { return _mm512_fmadd_ps(x, y, sum); }
#define INTS(x) _mm512_set1_epi32(x)
#define FLOATS(x) _mm512_set1_ps(x)
#define HOLD(x) __asm__ volatile("" ::"v"(x))
#else
#define LANES 8
typedef __m256i ints;
typedef __m256 floats;
#if defined(__AVXVNNI__)
static ints dot(ints sum, ints x, ints y) { return _mm256_dpbusd_avx_epi32(sum, x, y); }
#else
static ints dot(ints sum, ints x, ints y) {
    ints pairs = _mm256_maddubs_epi16(x, y);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#endif
static floats fma_(floats sum, floats x, floats y) { return _mm256_fmadd_ps(x, y, sum); }
#define INTS(x) _mm256_set1_epi32(x)
#define FLOATS(x) _mm256_set1_ps(x)
#define HOLD(x) __asm__ volatile("" ::"x"(x))
#endif

static void dots(void) {
    ints sums[CHAINS], x = INTS(0x03020103), y = INTS(0x05040302);
    for (int i = 0; i < CHAINS; i++) sums[i] = INTS(i);
    for (long step = 0; step < STEPS; step++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = dot(sums[i], x, y);
            HOLD(sums[i]);
        }
}

static void multiply_adds(void) {
    floats sums[CHAINS], x = FLOATS(1.0001f), y = FLOATS(0.5f);
    for (int i = 0; i < CHAINS; i++) sums[i] = FLOATS((float) i);
    for (long step = 0; step < STEPS; step++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = fma_(sums[i], x, y);
            HOLD(sums[i]);
        }
}

static void read_own_part(int thread) {
    size_t part = memory_bytes / (size_t) threads / 256 * 256;
    const char *from = memory + (size_t) thread * part;
    __m256i sums[8];
    for (int i = 0; i < 8; i++) sums[i] = _mm256_setzero_si256();
    for (size_t at = 0; at < part; at += 256)
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            sums[i] = _mm256_xor_si256(sums[i], _mm256_load_si256((const __m256i *) (from + at + 32 * (size_t) i)));
    for (int i = 1; i < 8; i++) sums[0] = _mm256_xor_si256(sums[0], sums[i]);
    sink = _mm256_extract_epi32(sums[0], 0);
}

typedef struct {
    int thread;
    int what; // 0: dots, 1: multiply_adds, 2: read
} job;

static void *run(void *argument) {
    const job *own = argument;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        double start = now();
        if (own->what == 0) dots();
        else if (own->what == 1) multiply_adds();
        else read_own_part(own->thread);
        pthread_barrier_wait(&barrier);
        double took = now() - start;
        if (took < best) best = took;
    }
    seconds[own->thread] = best;
    return NULL;
}

// Seconds of the best round.
static double measure(int what) {
    pthread_t handles[THREADS_MAX];
    job jobs[THREADS_MAX];
    for (int i = 0; i < threads; i++) {
        jobs[i] = (job) {i, what};
        if (pthread_create(&handles[i], NULL, run, &jobs[i]) != 0) exit(70);
    }
    for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
    return seconds[0];
}

int main(int count, char **arguments) {
    threads = count > 1 ? atoi(arguments[1]) : 0;
    if (threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "usage: limits THREADS BYTES...\n");
        return 64;
    }
    pthread_barrier_init(&barrier, NULL, (unsigned) threads);
    double products = (double) threads * CHAINS * STEPS * LANES;
    printf("int8 %.1f\n", 4 * products / measure(0) / 1e9);
    printf("f32 %.1f\n", products / measure(1) / 1e9);
    for (int i = 2; i < count; i++) {
        memory_bytes = (size_t) strtoull(arguments[i], NULL, 10);
        memory = aligned_alloc(4096, (memory_bytes + 4095) / 4096 * 4096);
        if (memory == NULL) return 70;
        memset(memory, 1, memory_bytes);
        printf("read %zu %.1f\n", memory_bytes, (double) memory_bytes / measure(2) / 1e9);
        free(memory);
    }
    return 0;
}
