/* machine.c - what the machine gives at this moment: arithmetic, memory, the way between two cores */
/* SPDX-License-Identifier: MIT */
#ifdef __linux__
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define X86 1
#else
#define X86 0
#endif

/*
 * usage: machine
 * Prints one line of JSON in about 0.3 s. Each figure is the best of some short tries: it says what the hardware (and
 * the neighbours on it) would give, while the load average says who else wants it here.
 *   isa               the instructions that the FMA figures were measured with
 *   fma_gflops        multiply-adds of one core, counted as two operations
 *   fma_gflops_2      the same of each of two cores that work at once
 *   stream_gbps       a[i] = b[i] + s c[i], two threads, arrays far beyond the caches: 12 bytes an element
 *   cache_gbps        sums over 4 MiB again and again, one thread
 *   ping_pong_ns      time for a cache line to get from one core to another
 *   load              load average of the last minute
 */
enum {
    CHAINS = 12,         /* independent sums that hide the latency of an FMA */
    FMA_ROUNDS = 200000, /* of CHAINS each */
    TRIES = 5,
    STREAM = 8 << 20, /* floats of an array: 32 MiB */
    CACHED = 1 << 20, /* floats: 4 MiB */
    LAPS = 2000       /* of the cache line, to and fro */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Where the system lets us, so that two threads are on two cores. */
static void stay_on(int core)
{
#ifdef __linux__
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && core-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            (void)sched_setaffinity(0, sizeof(one), &one);
            return;
        }
#else
    (void)core;
#endif
}

/* FMA: each returns floating-point operations done, and keeps its sums alive in *sink. */

static double fma_c(volatile float *sink)
{
    float sum[CHAINS] = {0};
    for (int r = 0; r < FMA_ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = sum[c] * 0.5f + 1.0f;
    for (int c = 0; c < CHAINS; c++)
        *sink = sum[c];
    return 2.0 * CHAINS * FMA_ROUNDS;
}

#if X86
__attribute__((target("avx2,fma"))) static double fma_avx2(volatile float *sink)
{
    __m256 sum[CHAINS], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1.0f);
    for (int c = 0; c < CHAINS; c++)
        sum[c] = b;
    for (int r = 0; r < FMA_ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm256_fmadd_ps(sum[c], a, b);
    for (int c = 0; c < CHAINS; c++)
        *sink = _mm256_cvtss_f32(sum[c]);
    return 2.0 * 8 * CHAINS * FMA_ROUNDS;
}

__attribute__((target("avx512f"))) static double fma_avx512(volatile float *sink)
{
    __m512 sum[CHAINS], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1.0f);
    for (int c = 0; c < CHAINS; c++)
        sum[c] = b;
    for (int r = 0; r < FMA_ROUNDS; r++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm512_fmadd_ps(sum[c], a, b);
    for (int c = 0; c < CHAINS; c++)
        *sink = _mm512_cvtss_f32(sum[c]);
    return 2.0 * 16 * CHAINS * FMA_ROUNDS;
}
#endif

typedef double (*fma_function)(volatile float *);

static fma_function choose(const char **out_isa)
{
#if X86
    if (__builtin_cpu_supports("avx512f")) {
        *out_isa = "avx512";
        return fma_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *out_isa = "avx2";
        return fma_avx2;
    }
#endif
    *out_isa = "c";
    return fma_c;
}

/* What two threads do at once: `work` with index 0 and 1, on a core each. */
typedef struct pair {
    double (*work)(struct pair *p, int index); /* a rate, the higher the better */
    double best[2];
    fma_function fma;
    float *a, *b, *c;
    _Atomic int line;
} pair;

typedef struct half {
    pair *p;
    int index;
} half;

static void *run_half(void *payload)
{
    half *h = payload;
    stay_on(h->index);
    h->p->best[h->index] = h->p->work(h->p, h->index);
    return NULL;
}

/* The sum of both rates. */
static double run_pair(pair *p)
{
    half halves[2] = {{p, 0}, {p, 1}};
    pthread_t helpers[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&helpers[i], NULL, run_half, &halves[i]) != 0) {
            fprintf(stderr, "machine: no thread\n");
            exit(1);
        }
    for (int i = 0; i < 2; i++)
        pthread_join(helpers[i], NULL);
    return p->best[0] + p->best[1];
}

static double work_fma(pair *p, int index)
{
    volatile float sink;
    double best = 0;
    (void)index;
    for (int t = 0; t < TRIES; t++) {
        double start = now(), done = p->fma(&sink);
        double rate = done / (now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

static double work_stream(pair *p, int index)
{
    const size_t from = (size_t)index * (STREAM / 2);
    float *a = p->a + from;
    const float *b = p->b + from, *c = p->c + from;
    double best = 0;
    for (int t = 0; t < TRIES; t++) {
        double start = now();
        for (size_t i = 0; i < STREAM / 2; i++)
            a[i] = b[i] + 0.5f * c[i];
        double rate = 12.0 * (STREAM / 2) / (now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

/* Sixteen sums, or the compiler would have to keep their order. */
static double measure_cache(const float *a)
{
    double best = 0;
    volatile float sink;
    for (int t = 0; t < 4 * TRIES; t++) {
        float sum[16] = {0};
        double start = now();
        for (size_t i = 0; i < CACHED; i += 16)
            for (size_t k = 0; k < 16; k++)
                sum[k] += a[i + k];
        double rate = 4.0 * CACHED / (now() - start) * 1e-9;
        best = rate > best ? rate : best;
        for (int k = 0; k < 16; k++)
            sink = sum[k];
    }
    (void)sink;
    return best;
}

/* Thread 0 turns even numbers into odd ones, thread 1 odd ones into even ones. Thread 0 takes the time. */
static double work_ping_pong(pair *p, int index)
{
    double best = 0;
    for (int t = 0; t < TRIES; t++) {
        double start = now();
        for (int lap = 0; lap < LAPS; lap++) {
            const int mine = 2 * (t * LAPS + lap) + index;
            /* Where both have one core only: let the other one go on. */
            for (int spins = 1; atomic_load_explicit(&p->line, memory_order_acquire) != mine; spins++)
                if (spins % 4096 == 0)
                    sched_yield();
            atomic_store_explicit(&p->line, mine + 1, memory_order_release);
        }
        double rate = 2.0 * LAPS / (now() - start);
        best = rate > best ? rate : best;
    }
    return index == 0 ? best : 0;
}

static float *fill(size_t n)
{
    float *array = malloc(n * sizeof(*array));
    if (!array) {
        fprintf(stderr, "machine: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < n; i++)
        array[i] = 1.0f;
    return array;
}

static double load_average(void)
{
    double load = -1;
    FILE *f = fopen("/proc/loadavg", "r");
    if (f && fscanf(f, "%lf", &load) != 1)
        load = -1;
    if (f)
        fclose(f);
    return load;
}

int main(void)
{
    const char *isa;
    pair p = {.fma = choose(&isa)};
    p.a = fill(STREAM);
    p.b = fill(STREAM);
    p.c = fill(STREAM);
    const double fma = work_fma(&p, 0), cache = measure_cache(p.a);
    p.work = work_fma;
    const double fma_2 = run_pair(&p) / 2;
    p.work = work_stream;
    const double stream = run_pair(&p);
    p.work = work_ping_pong;
    const double ping_pong = 1e9 / run_pair(&p);
    printf("{\"isa\": \"%s\", \"cores\": %ld, \"fma_gflops\": %.1f, \"fma_gflops_2\": %.1f, \"stream_gbps\": %.1f, "
           "\"cache_gbps\": %.1f, \"ping_pong_ns\": %.0f, \"load\": %.2f}\n",
           isa, sysconf(_SC_NPROCESSORS_ONLN), fma, fma_2, stream, cache, ping_pong, load_average());
    free(p.a);
    free(p.b);
    free(p.c);
    return 0;
}
