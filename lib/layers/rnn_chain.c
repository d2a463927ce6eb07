/* rnn_chain.c - recurrent layers one behind the other, at work on the same few samples at once */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <stdatomic.h>

#include "layers/rnn.h"
#include "mem.h"

/*
 * Rule: where few samples go through layers that walk through the same steps, the threads share the layers out, and
 * each takes a few steps as soon as the layer before has made them. Proof: a step reads the rows of x up to its own (or
 * to the end of those that x K is made of together) and its own state, which are those of one layer after the other.
 * It stops in front of a layer that goes backwards or is no recurrent one, where somebody else reads what is between
 * two, and in training.
 */

/* Steps that are handed on together; a power of two. Fewer mean more ways from core to core, more a later start. And
 * the most samples: with more, threads that have samples of their own use the weights as well, and need not wait. */
enum { TOGETHER = 2, MOST = 5 };

/* Layers first..last - 1 of the chain, which one thread walks through; `made` steps of the last one are there. */
typedef struct stage {
    int32_t first, last;
    char apart_1[128];
    _Atomic int64_t made; /* who waits for it watches its cache line */
    char apart_2[128];
} stage;

/* A layer, and its walk, whose place changes with each step. */
typedef struct walk {
    mn_op *op;
    mn_rnn_step step;
    char apart[128];
} walk;

typedef struct mn_rnn_chain mn_rnn_chain;

struct mn_rnn_chain {
    int32_t layers, stages; /* two at least */
    walk *walks;            /* [layers] */
    stage *stage;           /* [stages] and room for as many as layers */
    const mn_run *run;
};

/* Whether the op that reads y can take its steps while this one walks. */
static bool goes_on(const mn_op *op)
{
    const mn_op *next = op->reader;
    return next && mn_is_rnn(next->layer->spec->kind) && !next->layer->spec->go_backwards &&
           op->layer->spec->return_sequences && next->layer->in[0].dim[0] == op->layer->out.dim[0];
}

static int64_t cost_of(const mn_layer *layer)
{
    const int64_t units = layer->spec->units;
    return (layer->in[0].dim[1] + units) * units;
}

/* Neighbours share a stage, so that all stages cost about the same. From the middle of the first layer to that of the
 * last one it is half of all at least: these two are never in one stage. */
static void find_stages(mn_rnn_chain *chain, int64_t threads)
{
    int64_t all = 0, before = 0, here = -1;
    for (int32_t i = 0; i < chain->layers; i++)
        all += cost_of(chain->walks[i].op->layer);
    for (int32_t i = 0; i < chain->layers; i++) {
        const int64_t cost = cost_of(chain->walks[i].op->layer);
        const int64_t at = mn_min(threads, chain->layers) * (2 * before + cost) / (2 * all);
        if (at != here)
            chain->stage[chain->stages++].first = i;
        chain->stage[chain->stages - 1].last = i + 1;
        here = at;
        before += cost;
    }
}

mirnet_status mn_rnn_chain_create(mn_op *first, const mn_run *run)
{
    int32_t layers = 1;
    for (const mn_op *op = first; goes_on(op); op = op->reader)
        layers++;
    if (layers == 1 || !run->threads || first->chain)
        return MIRNET_OK;
    mn_rnn_chain *chain = mn_calloc(1, sizeof(*chain));
    if (!chain)
        return MIRNET_ERR_NOMEM;
    first->chain = chain;
    chain->walks = mn_calloc((size_t)layers, sizeof(*chain->walks));
    chain->stage = mn_calloc((size_t)layers, sizeof(*chain->stage));
    if (!chain->walks || !chain->stage)
        return MIRNET_ERR_NOMEM;
    for (mn_op *op = first; chain->layers < layers; op = op->reader) {
        chain->walks[chain->layers++].op = op;
        op->chain = chain;
    }
    find_stages(chain, mn_threads_count(run->threads));
    return MIRNET_OK;
}

void mn_rnn_chain_destroy(mn_op *op)
{
    mn_rnn_chain *chain = op->chain;
    op->chain = NULL;
    if (!chain || (chain->layers > 0 && chain->walks[0].op != op))
        return;
    for (int32_t i = 0; i < chain->layers; i++)
        chain->walks[i].op->chain = NULL;
    mn_free(chain->walks);
    mn_free(chain->stage);
    mn_free(chain);
}

/* Waits until `steps` of a stage are made. The thread that makes them runs, or will once nobody else does. */
static void wait_for(const stage *s, int64_t steps)
{
    for (int turn = 0; atomic_load_explicit(&s->made, memory_order_acquire) < steps; turn++)
        mn_threads_pause(turn);
}

/* A layer may end before the one that reads it: behind a mask, where it goes backwards. */
static void run_stage(void *context, int64_t part, int32_t worker)
{
    mn_rnn_chain *chain = context;
    stage *s = &chain->stage[part];
    int64_t end = 0;
    (void)worker;
    for (int32_t i = s->first; i < s->last; i++) {
        walk *w = &chain->walks[i];
        mn_rnn *r = w->op->state;
        r->chunk = r->joins ? 1 : TOGETHER;
        w->step = (mn_rnn_step){.op = w->op, .run = chain->run, .rnn = r, .from = 0, .to = chain->run->batch};
        mn_rnn_begin(&w->step);
        end = mn_max(end, w->step.end);
    }
    int64_t to = 0;
    do { /* at least once: y is written */
        to = mn_min(to + TOGETHER, end);
        if (part > 0)
            wait_for(s - 1, to);
        for (int32_t i = s->first; i < s->last; i++)
            mn_rnn_walk(&chain->walks[i].step, to);
        atomic_store_explicit(&s->made, to, memory_order_release);
    } while (to < end);
    atomic_store_explicit(&s->made, INT64_MAX, memory_order_release);
}

int64_t mn_rnn_chain_samples(const mn_op *op)
{
    return op->chain ? MOST : 0;
}

bool mn_rnn_chain_forward(mn_op *op, const mn_run *run)
{
    mn_rnn_chain *chain = op->chain;
    if (!run->threads || run->batch > mn_rnn_chain_samples(op))
        return false;
    if (op != chain->walks[0].op)
        return true;
    for (int32_t i = 0; i < chain->layers; i++)
        mn_pass_mask(chain->walks[i].op, run);
    for (int32_t i = 0; i < chain->stages; i++)
        atomic_store_explicit(&chain->stage[i].made, 0, memory_order_relaxed);
    chain->run = run;
    mn_parallel(run, run_stage, chain, chain->stages);
    return true;
}
