/* update_tmpl.h - steps of optimizers */
/* SPDX-License-Identifier: MIT */

/* A part of kernels_tmpl.h. */

/* The numbers of a step, each in all lanes. */
typedef struct adam_step {
    vec b1, b2, rest_1, rest_2, rate, epsilon, keep, scale, clip;
    bool clips;
} adam_step;

INLINE adam_step adam_of(const mn_update *u)
{
    return (adam_step){
        .b1 = splat(u->beta_1), .b2 = splat(u->beta_2), .rest_1 = splat(1.0f - u->beta_1),
        .rest_2 = splat(1.0f - u->beta_2), .rate = splat(u->rate), .epsilon = splat(u->epsilon),
        .keep = splat(1.0f - u->decay), .scale = splat(u->scale),
        .clip = splat(u->clip), .clips = u->clip > 0.0f,
    };
}

/* m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= decay w; w -= rate m / (sqrt(v) + epsilon) */
INLINE vec adam_vec(const adam_step *s, vec w, vec *m, vec *v, vec g)
{
    g *= s->scale;
    if (s->clips)
        g = at_least(at_most(g, s->clip), -s->clip);
    *m = s->b1 * *m + s->rest_1 * g;
    *v = s->b2 * *v + s->rest_2 * (g * g);
    return w * s->keep - s->rate * *m / (square_root(*v) + s->epsilon);
}

static void adam(const mn_update *u, float *w, float *m, float *v, const float *g, int64_t n)
{
    const adam_step step = adam_of(u);
    for (int64_t i = 0; i < n; i += LANES) {
        const int64_t some = mn_min(LANES, n - i);
        if (some == LANES) {
            vec mv = load(m + i), vv = load(v + i);
            store(w + i, adam_vec(&step, load(w + i), &mv, &vv, load(g + i)));
            store(m + i, mv);
            store(v + i, vv);
        } else {
            vec mv = load_some(m + i, some), vv = load_some(v + i, some);
            store_some(w + i, adam_vec(&step, load_some(w + i, some), &mv, &vv, load_some(g + i, some)), some);
            store_some(m + i, mv, some);
            store_some(v + i, vv, some);
        }
    }
}
