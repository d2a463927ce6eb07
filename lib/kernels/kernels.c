/* kernels.c - choosing the kernels for this CPU; packing */
/* SPDX-License-Identifier: MIT */
#include "kernels/tables.h"

#include <stdatomic.h>

#include "common.h"

/* Asks the CPU and, through it, the system: the compiler's runtime checks XGETBV as well as CPUID. */
static bool can_run(const mn_kernels *kernels)
{
#if defined(MN_HAVE_X86_KERNELS)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
    if (kernels == &mn_kernels_avx2)
        return avx2;
    /* To compilers AVX-512 includes AVX2 and FMA; a virtual machine may leave them out. */
    if (kernels == &mn_kernels_avx512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#endif
#if defined(MN_HAVE_ARM_KERNELS)
    if (kernels == &mn_kernels_neon)
        return true; /* a part of every 64-bit ARM */
#endif
    return kernels == &mn_kernels_c;
}

/* From the plainest to the best. */
static const mn_kernels *const tables[] = {
    &mn_kernels_c,
#if defined(MN_HAVE_X86_KERNELS)
    &mn_kernels_avx2,
    &mn_kernels_avx512,
#endif
#if defined(MN_HAVE_ARM_KERNELS)
    &mn_kernels_neon,
#endif
};

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* The choice, made on first use; every thread would make the same one. */
static _Atomic(const mn_kernels *) chosen;

const mn_kernels *mn_kernels_at(int32_t i)
{
    for (int32_t t = 0; t < TABLES; t++)
        if (can_run(tables[t]) && i-- == 0)
            return tables[t];
    return NULL;
}

const mn_kernels *mn_kernels_get(void)
{
    const mn_kernels *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!kernels) {
        for (int32_t i = 0; mn_kernels_at(i); i++)
            kernels = mn_kernels_at(i);
        atomic_store_explicit(&chosen, kernels, memory_order_release);
    }
    return kernels;
}

void mn_kernels_force(const mn_kernels *kernels)
{
    atomic_store_explicit(&chosen, kernels, memory_order_release);
}

const char *mn_kernels_name(void)
{
    return mn_kernels_get()->name;
}

#if defined(__x86_64__)
/* MXCSR: flush to zero, denormals are zero. */
enum { FLUSH = 0x8040 };

uint64_t mn_denormals_flush(void)
{
    const uint32_t mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | FLUSH);
    return mode;
}

void mn_denormals_restore(uint64_t mode)
{
    /* The flags that were raised meanwhile stay raised. */
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~(uint32_t)FLUSH) | ((uint32_t)mode & FLUSH));
}
#elif defined(__aarch64__)
/* FPCR: bit 24 flushes to zero. */
static const uint64_t FLUSH = UINT64_C(1) << 24;

uint64_t mn_denormals_flush(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | FLUSH));
    return mode;
}

void mn_denormals_restore(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
#else
uint64_t mn_denormals_flush(void)
{
    return 0;
}

void mn_denormals_restore(uint64_t mode)
{
    (void)mode;
}
#endif

int64_t mn_panels(const mn_kernels *kernels, int64_t n)
{
    return mn_ceil_div(n, kernels->width);
}

size_t mn_packed_size(const mn_kernels *kernels, int64_t k, int64_t n)
{
    return (size_t)(k * mn_panels(kernels, n) * kernels->width);
}

typedef float quad __attribute__((vector_size(16)));
typedef float quad_at __attribute__((vector_size(16), aligned(4), may_alias));

void mn_pack(const mn_kernels *kernels, float *packed, int64_t k_packed, int64_t k_at, const float *src, int64_t n_k,
             int64_t n, int64_t lds, int64_t panel0, int64_t panel1)
{
    enum { BLOCK = 16 }; /* rows of src at a time: what is read lies together, what is written too */
    const int64_t width = kernels->width;
    for (int64_t k0 = 0; k0 < n_k; k0 += BLOCK)
        for (int64_t panel = panel0; panel < panel1; panel++) {
            float *to = packed + (panel * k_packed + k_at) * width;
            const float *from = src + panel * width;
            const int64_t columns = mn_min(width, n - panel * width);
            for (int64_t k = k0; k < mn_min(n_k, k0 + BLOCK); k++) {
                int64_t j = 0;
                for (; j + 4 <= columns; j += 4)
                    *(quad_at *)(to + k * width + j) = *(const quad_at *)(from + k * lds + j);
                for (; j < columns; j++)
                    to[k * width + j] = from[k * lds + j];
            }
        }
}

/* A square of 4 x 4 floats, rows ldf and ldt floats apart, its rows written as columns. */
static void transpose_4x4(float *to, int64_t ldt, const float *from, int64_t ldf)
{
    const quad a = *(const quad_at *)from, b = *(const quad_at *)(from + ldf);
    const quad c = *(const quad_at *)(from + 2 * ldf), d = *(const quad_at *)(from + 3 * ldf);
    const quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const quad ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad_at *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(quad_at *)(to + ldt) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(quad_at *)(to + 2 * ldt) = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    *(quad_at *)(to + 3 * ldt) = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
}

void mn_pack_transposed(const mn_kernels *kernels, float *packed, int64_t k_packed, int64_t k_at, const float *src,
                        int64_t n_k, int64_t n, int64_t lds, int64_t panel0, int64_t panel1)
{
    enum { SIDE = 4 };
    const int64_t width = kernels->width;
    for (int64_t panel = panel0; panel < panel1; panel++) {
        float *to = packed + (panel * k_packed + k_at) * width;
        const float *from = src + panel * width * lds;
        const int64_t columns = mn_min(width, n - panel * width);
        for (int64_t k = 0; k < n_k; k += SIDE) {
            const bool whole = k + SIDE <= n_k;
            int64_t j = 0;
            for (; whole && j + SIDE <= columns; j += SIDE)
                transpose_4x4(to + k * width + j, width, from + j * lds + k, lds);
            for (; j < columns; j++)
                for (int64_t i = k; i < mn_min(n_k, k + SIDE); i++)
                    to[i * width + j] = from[j * lds + i];
        }
    }
}
