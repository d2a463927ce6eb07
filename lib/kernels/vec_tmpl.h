/* vec_tmpl.h - a vector of MN_LANES floats */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

INLINE vec splat(float x)
{
    return x - (vec){0};
}

INLINE vec load(const float *p)
{
    return *(const vec_at *)p;
}

/* The same vector, in a register. gcc would read a vector from memory again for each instruction that it stands in, and
 * loads are what such loops have most of. */
INLINE vec keep(vec v)
{
#ifdef MN_KEEP
    MN_KEEP(v);
#endif
    return v;
}

/* Asks for the cache lines of so many vectors. Whatever lies there: asking does no harm. */
INLINE void fetch(const float *p, const int vecs)
{
    UNROLL
    for (int i = 0; i < vecs * LANES; i += 16)
        __builtin_prefetch(p + i);
}

INLINE void store(float *p, vec v)
{
    *(vec_at *)p = v;
}

/* The first n floats, 0 < n <= LANES; the other lanes are zero. */
INLINE vec load_some(const float *p, int64_t n)
{
#ifdef MN_LOAD_SOME
    return (vec)MN_LOAD_SOME(p, n);
#else
    vec v = {0};
    memcpy(&v, p, (size_t)n * sizeof(float));
    return v;
#endif
}

INLINE void store_some(float *p, vec v, int64_t n)
{
#ifdef MN_STORE_SOME
    MN_STORE_SOME(p, n, v);
#else
    memcpy(p, &v, (size_t)n * sizeof(float));
#endif
}

/* All lanes where it is known that there are as many. */
INLINE vec load_up_to(const float *p, const bool whole, int64_t n)
{
    return whole ? load(p) : load_some(p, n);
}

INLINE void store_up_to(float *p, vec v, const bool whole, int64_t n)
{
    if (whole)
        store(p, v);
    else
        store_some(p, v, n);
}

/* Bits of a where mask is all ones, of b where it is zero. */
INLINE vec choose(ivec mask, vec a, vec b)
{
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

/* a * b + c, rounded once or twice as the instruction set has it. Not as the compiler likes: it would fuse in one
 * loop and not in another, and results would depend on how rows are cut into tiles. */
INLINE vec multiply_sum(vec a, vec b, vec c)
{
    return MN_MULTIPLY_SUM(a, b, c);
}

/* A NaN in a stays one in these two: it must reach the loss, where it is noticed. */
INLINE vec at_least(vec a, vec floor)
{
#ifdef MN_AT_LEAST
    return (vec)MN_AT_LEAST(a, floor);
#else
    return choose(a < floor, floor, a);
#endif
}

INLINE vec at_most(vec a, vec ceiling)
{
#ifdef MN_AT_MOST
    return (vec)MN_AT_MOST(a, ceiling);
#else
    return choose(a > ceiling, ceiling, a);
#endif
}

/* The larger one, NaN if either is. */
INLINE vec larger_of(vec a, vec b)
{
    return choose((b > a) | (b != b), b, a);
}

INLINE vec square_root(vec a)
{
#ifdef MN_SQRT
    return (vec)MN_SQRT(a);
#else
    for (int i = 0; i < LANES; i++)
        a[i] = sqrtf(a[i]);
    return a;
#endif
}

/*
 * sqrt(a), a >= 0, with an error of about one unit in the last place where a root in hardware takes longer than
 *
 *     r ~ 1 / sqrt(a) (14 bits), s = a r, s += (a - s s) r / 2
 *
 * a is kept where r is a normal number: a root of 0 is 0 all the same, an infinite a counts as FLT_MAX.
 */
INLINE vec quick_root(vec a)
{
#ifdef MN_ROOT_ESTIMATE
    const vec top = at_most(a, splat(FLT_MAX)), r = (vec)MN_ROOT_ESTIMATE(at_least(top, splat(FLT_MIN)));
    const vec s = top * r;
    return multiply_sum(multiply_sum(-s, s, top), r * 0.5f, s);
#else
    return square_root(a);
#endif
}

INLINE float sum_lanes(vec v)
{
#ifdef MN_SUM_LANES
    return MN_SUM_LANES(v);
#else
    float part[LANES];
    store(part, v);
    UNROLL
    for (int half = LANES / 2; half > 0; half /= 2)
        UNROLL
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
#endif
}

/* Bit i: lane i is something else than zero; a NaN is. */
INLINE uint64_t nonzero_lanes(vec v)
{
#ifdef MN_NONZERO
    return (uint64_t)MN_NONZERO(v);
#else
    uint64_t bits = 0;
    for (int i = 0; i < LANES; i++)
        bits |= (uint64_t)(v[i] != 0) << i;
    return bits;
#endif
}
