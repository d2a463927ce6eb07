/* kernels.h - the loops where the time goes: one table of functions per instruction set */
/* SPDX-License-Identifier: MIT */
#ifndef MN_KERNELS_H
#define MN_KERNELS_H

#include "common.h"

/*
 * Products. A row of A is a few runs of `run` floats, anywhere in memory: that is how a convolution reads its input
 * where it lies, without a copy. With K = runs * run and row m of A made of run r at x + rows[m].a + a_at[r]:
 *
 *     C[m][n] = bias[n] + sum over r, l of A[m][r][l] * B[b_at[r] + l][n]
 *
 * Runs outside first..last - 1 of a row are padding: they count as zeros and are never read. Each element of C is
 * summed in the same order however rows and columns are cut into blocks, so results do not depend on threads, nor on
 * which rows share a call.
 */
typedef struct mn_row {
    int64_t a, c;        /* where the row starts in x and in y, in floats; a may point before x where first > 0 */
    int32_t first, last; /* the runs that are there */
} mn_row;

typedef struct mn_gemm {
    int64_t m, n;        /* rows and columns of C */
    int64_t runs, run;   /* K = runs * run */
    const float *x;
    float *y;
    const mn_row *rows;  /* [m], or NULL: row m starts at x + m * lda and y + m * ldc, all runs there */
    int64_t lda, ldc;
    const int64_t *a_at; /* [runs] offset of a run from its row's start, or NULL: r * run */
    const int64_t *b_at; /* [runs] row of B where a run starts, or NULL: r * run */
    const float *b;
    int64_t k_packed;    /* rows of b, which is packed: see mn_pack */
    int64_t ldb;         /* not 0: b is plain, row-major with ldb floats a row; for that nonzero is set and n is a
                            multiple of the kernels' width */
    const float *bias;   /* [n] or NULL */
    const uint64_t *nonzero; /* a bit for each float of x, see find_nonzero; NULL: not known */
    uint64_t *found;     /* where the bits of C go, a bit for each float of y, see products.c; n and all places in y are
                            multiples of 64 then. NULL: nobody wants them */
    bool add;            /* C += instead of C = */
    bool relu;           /* C = max(C, 0) at the end */
} mn_gemm;

/* One step of an optimizer on a run of weights; see optim.c for what each does. */
typedef struct mn_update {
    float rate;                     /* the learning rate as the step uses it (Adam: alpha_t) */
    float beta_1, beta_2, epsilon;  /* Adam; RMSprop: rho is beta_2; SGD: momentum is beta_1 */
    float decay;                    /* AdamW: learning rate * weight_decay */
    float scale;                    /* every gradient is multiplied by this first (clipping by norm) */
    float clip;                     /* then cut to -clip..clip; 0: not */
} mn_update;

/* Where the gradient of a matrix goes: it is stored at g, or added to what is there. Or, with `update`, Adam's step is
 * made with it at once on w, m and v, and it is stored nowhere. All row-major, ld floats a row. */
typedef struct mn_gradient {
    float *g;
    int64_t ld;
    bool add;
    const mn_update *update;
    float *w, *m, *v;
    uint8_t *resting; /* a byte for each row of a whole matrix, mn_resting_at; NULL: nothing is known */
    bool shared; /* with `update`: other threads may have read w since its last step, and its lines must come back */
    const float *rates; /* [MN_LATE] of the steps before this one, the last one first; NULL: no step is put off */
} mn_gradient;

/* What is known of a row: nothing; all of its m and v are zero; not all. MN_MOVES + n: not all, and its last n steps,
 * MN_LATE at most, are still to be made; see update_tmpl.h. */
enum { MN_UNKNOWN, MN_RESTS, MN_MOVES, MN_LATE = 32 };

/* The byte of row k: rows of at least 16 floats have one each, in an array of a byte for 16 floats of all weights,
 * wherever their matrix begins. */
static inline int64_t mn_resting_at(const mn_gradient *to, int64_t k)
{
    return k * to->ld / 16;
}

/*
 * Gradient of B: G[b_at[r] + l][n] = sum over m of A[m][r][l] * D[m][n], A as above, D[m] at d + rows[m].c (or d + m *
 * ldc). Rows are summed in order.
 */
typedef struct mn_outer {
    int64_t m, n, runs, run;
    const float *x, *d;
    const mn_row *rows;
    int64_t lda, ldc;
    const int64_t *a_at, *b_at;
    const uint64_t *nonzero; /* as above */
    mn_gradient to;
} mn_outer;

/*
 * A plain matrix W [k][n], row-major, of which only the columns from[i]..to[i] - 1 of a few ranges exist, and few rows
 * of X [m][k] and D [m][n]: then reading W costs more than multiplying, and W is walked over once for all that is
 * wanted of it.
 *
 *     forward   Y[m][n] = sum over k of X[m][k] W[k][n]
 *     back      dX[m][k] (+)= sum over n of D[m][n] W[k][n];   the gradient of W is sum over m of X[m][k] D[m][n]
 */
enum { MN_FEW_ROWS = 48, MN_FEW_SLAB = 96 };

typedef struct mn_few {
    int64_t m; /* at most MN_FEW_ROWS */
    int32_t ranges;
    int64_t from[2], to[2];
    const float *x, *w, *d;
    int64_t ldx, ldw, ldd;
    float *dx; /* NULL: not wanted; may be x */
    bool dx_add;
    bool skips;  /* rows of W that only meet zeros are passed over */
    bool sloped; /* nobody wants dX where X is zero: it comes out of a ReLU. There dX may be anything finite */
    mn_gradient gradient; /* of W; forward, only what it needs to settle the rows that it reads */
} mn_few;

/*
 * Rows that letters pick: Y[p][n] = bias[n] + sum over i of T[i][codes[p * step + i * gap]][n], taps in order. T[i] is
 * at table + i * ldt, its rows one behind the other.
 */
typedef struct mn_pick {
    int64_t m, n, taps;
    const uint8_t *codes;
    int64_t step, gap;
    const float *table;
    int64_t ldt;
    float *y;
    int64_t ldy;
    const float *bias; /* [n] or NULL */
    bool relu;
} mn_pick;

/* y = bias + the sum of n floats at `at` of each of the rows, in order; added to y with `add`. */
typedef struct mn_sum {
    const float *const *rows; /* [count] */
    int64_t count, at, n;
    const float *bias; /* [n] or NULL */
    bool add, relu;
    const float *const *later; /* [later_count] rows of a sum to come: their n floats at `at` are asked for meanwhile */
    int64_t later_count;
} mn_sum;

/*
 * A row's step of an LSTM with the usual activations, s the sigmoid; z holds i, f, g and o before them, n floats each:
 *
 *     c_new = s(f) c + s(i) tanh(g), h_new = s(o) tanh(c_new)
 */
typedef struct mn_lstm_row {
    int64_t n;
    float *z;
    const float *c;       /* NULL: zeros, and there need not be an f */
    float *c_new, *h_new; /* c_new may be c */
    float *kept;          /* tanh(c_new), and z becomes the gates; NULL: nobody wants either */
} mn_lstm_row;

typedef struct mn_kernels {
    const char *name; /* "c", "avx2", "avx512", "neon" */
    int64_t width;    /* columns of a panel of a packed B */

    /* Rows row0..row1 - 1 and columns col0..col1 - 1 of a product; col0 is a multiple of `width`. */
    void (*gemm)(const mn_gemm *g, int64_t row0, int64_t row1, int64_t col0, int64_t col1);
    /* Elements l0..l1 - 1 of run r, all columns. */
    void (*outer)(const mn_outer *o, int64_t r, int64_t l0, int64_t l1);
    /* What rows k0..k1 - 1 of W, MN_FEW_SLAB at most, add to Y, written to y: [m][n] with ldy floats a row. */
    void (*few_forward)(const mn_few *f, int64_t k0, int64_t k1, float *y, int64_t ldy);
    /* Columns k0..k1 - 1 of dX, rows k0..k1 - 1 of W's gradient, as many at most. */
    void (*few_back)(const mn_few *f, int64_t k0, int64_t k1);
    /* Makes the steps that few_back has put off, of the rows k0..k1 - 1 of W and their columns from[i]..end[i] - 1. */
    void (*settle)(const mn_gradient *to, int64_t k0, int64_t k1, const int64_t *from, const int64_t *end,
                   int32_t ranges);
    /* out[n] (+)= sum over m of d[m * ldd + n]: the gradient of a bias. */
    void (*column_sums)(float *out, const float *d, int64_t m, int64_t n, int64_t ldd, bool add);

    /* out[n] = the largest of d[m * ldd + n] over m, of which there is one at least; NaN if there is one. */
    void (*column_max)(float *out, const float *d, int64_t m, int64_t n, int64_t ldd);
    /* out[n] = the first m for which x[m * ldx + n] == y[n]; -1: there is none. */
    void (*first_equal)(int32_t *out, const float *x, const float *y, int64_t m, int64_t n, int64_t ldx);
    /* dx[m][n] (+)= dy[n] / c where x[m][n] == y[n], which it does c times over m; 0 elsewhere. */
    void (*share_equal)(float *dx, const float *x, const float *y, const float *dy, int64_t m, int64_t n, bool add);
    void (*sum_rows)(float *y, const mn_sum *sum);
    void (*pick_rows)(const mn_pick *pick);
    /* rows[i][n] += x[n] for each of `count` rows, which are different ones, from `at` on. */
    void (*add_to_rows)(float *const *rows, int64_t count, int64_t at, const float *x, int64_t n);

    /* Bit i % 64 of bits[i / 64] says whether x[i] is something else than zero. Bits behind the last one are 0. Returns
     * how many are 1. */
    int64_t (*find_nonzero)(uint64_t *bits, const float *x, int64_t n);
    /* How many of the bits of n words are 1. */
    int64_t (*count_bits)(const uint64_t *bits, int64_t n);

    /* y[i] = f(x[i]); y may be x. */
    void (*exp)(float *y, const float *x, int64_t n);
    void (*sigmoid)(float *y, const float *x, int64_t n);
    void (*tanh)(float *y, const float *x, int64_t n);
    void (*relu)(float *y, const float *x, int64_t n);
    /* d[i] *= f'(x[i]), told from y[i] = f(x[i]). */
    void (*sigmoid_back)(float *d, const float *y, int64_t n);
    void (*tanh_back)(float *d, const float *y, int64_t n);
    void (*relu_back)(float *d, const float *y, int64_t n);

    void (*add)(float *y, const float *x, int64_t n);                        /* y += x */
    void (*multiply)(float *y, const float *x, int64_t n);                   /* y *= x */
    void (*multiply_add)(float *y, const float *a, const float *b, int64_t n); /* y += a * b */
    void (*scale)(float *y, float factor, int64_t n);                        /* y *= factor */
    void (*larger)(float *y, const float *x, int64_t n);                     /* y = max(y, x); NaN if either is */

    /* y = z * y + (1 - z) * a */
    void (*blend)(float *y, const float *z, const float *a, int64_t n);
    void (*lstm)(const mn_lstm_row *row);

    void (*adam)(const mn_update *u, float *w, float *m, float *v, const float *g, int64_t n);
} mn_kernels;

/* The best table for this CPU. The library chooses it once. */
const mn_kernels *mn_kernels_get(void);

/* The tables that this CPU can run, the plain C one first; NULL past the last. For tests. */
const mn_kernels *mn_kernels_at(int32_t i);

/* Makes mn_kernels_get answer with that one from now on; NULL: the best one. For tests; not while anything runs. */
void mn_kernels_force(const mn_kernels *kernels);

/* Its name, for mirnet_build_info. */
const char *mn_kernels_name(void);

/* Lets the CPU take numbers below FLT_MIN for zero in this thread: on some of them they cost a hundred times as
 * much, and moments that die away pass through them. Returns the mode from before, for mn_denormals_restore. */
uint64_t mn_denormals_flush(void);
void mn_denormals_restore(uint64_t mode);

/*
 * Packing: B as panels of `width` columns, each panel [k][width] without gaps, the last one filled with zeros.
 * mn_packed_size is in floats. mn_pack copies n_k rows of src (row-major, lds floats a row) to rows k_at... of the
 * packed B; mn_pack_transposed takes src's columns for rows: B[k_at + l][n] = src[n * lds + l]. Both do the panels
 * panel0..panel1 - 1 of mn_panels(n).
 */
size_t mn_packed_size(const mn_kernels *kernels, int64_t k, int64_t n);
int64_t mn_panels(const mn_kernels *kernels, int64_t n);
void mn_pack(const mn_kernels *kernels, float *packed, int64_t k_packed, int64_t k_at, const float *src, int64_t n_k,
             int64_t n, int64_t lds, int64_t panel0, int64_t panel1);
void mn_pack_transposed(const mn_kernels *kernels, float *packed, int64_t k_packed, int64_t k_at, const float *src,
                        int64_t n_k, int64_t n, int64_t lds, int64_t panel0, int64_t panel1);

#endif
