/* plan.c - a model made ready to run */
/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <time.h>

#include "layers/rnn.h"
#include "mem.h"

static void destroy_op(mn_op *op)
{
    const mn_layer *layer = op->layer;
    if (!layer)
        return;
    if (layer->cls->close)
        layer->cls->close(op);
    if (!op->view) {
        mn_blank_destroy(op->blank);
        mn_free(op->y);
        mn_free(op->dy);
        mn_free(op->mask_out);
    }
    mn_free(op->x);
    mn_free(op->dx);
    mn_free(op->dx_add);
    mn_free(op->mask);
}

void mn_plan_destroy(mn_plan *plan)
{
    if (!plan)
        return;
    for (int32_t i = 0; plan->ops && i < plan->model->n_nodes; i++)
        destroy_op(&plan->ops[i]);
    mn_free(plan->ops);
    mn_free(plan->needs);
    mn_free(plan->reads);
    mn_free(plan->zeros);
    mn_free(plan);
}

static bool has_params(const mn_layer *layer)
{
    bool found = layer->n_params > 0;
    for (int i = 0; i < 2; i++)
        if (layer->inner[i])
            found = found || has_params(layer->inner[i]);
    return found;
}

/* A gradient flows through a node if weights lie at it or before it, or if its input's gradient is asked for. */
static void find_needs(mn_plan *plan)
{
    const mirnet_model *model = plan->model;
    for (int32_t i = 0; i < model->n_nodes; i++) {
        const mn_node *node = &model->nodes[i];
        plan->needs[i] = has_params(node->layer) || (node->n_inputs == 0 && plan->use == MN_PLAN_WEIGHTS_INPUTS);
        for (int32_t j = 0; j < node->n_inputs; j++)
            plan->needs[i] = plan->needs[i] || plan->needs[node->inputs[j]];
        plan->needs[i] = plan->needs[i] && plan->use != MN_PLAN_FORWARD;
    }
}

static mirnet_status make_lists(mn_op *op, const mn_node *node)
{
    const size_t n = (size_t)(node->n_inputs ? node->n_inputs : 1);
    op->n_in = node->n_inputs;
    op->x = mn_calloc(n, sizeof(*op->x));
    op->dx = mn_calloc(n, sizeof(*op->dx));
    op->dx_add = mn_calloc(n, sizeof(*op->dx_add));
    op->mask = mn_calloc(n, sizeof(*op->mask));
    return op->x && op->dx && op->dx_add && op->mask ? MIRNET_OK : MIRNET_ERR_NOMEM;
}

static mirnet_status make_buffers(mn_plan *plan, mn_op *op, bool needs)
{
    const mn_layer *layer = op->layer;
    /* The blank is one sample more. */
    const size_t size = (size_t)((plan->run.capacity + (op->blank ? 1 : 0)) * mn_out_size(op));
    if (op->replaced)
        return MIRNET_OK;
    op->y = mn_floats(size);
    if (!op->y)
        return MIRNET_ERR_NOMEM;
    if (needs) {
        op->dy = mn_floats(size);
        if (!op->dy)
            return MIRNET_ERR_NOMEM;
    }
    if (layer->masks) {
        op->mask_out = mn_calloc((size_t)(plan->run.capacity * layer->out.dim[0]), 1);
        if (!op->mask_out)
            return MIRNET_ERR_NOMEM;
    }
    return MIRNET_OK;
}

/* See layers/blank.h: an input has a blank, and a layer that works row by row on a value that has one and no other
 * reader. */
static mirnet_status make_blank(mn_plan *plan, int32_t index)
{
    const mirnet_model *model = plan->model;
    const mn_node *node = &model->nodes[index];
    mn_op *op = &plan->ops[index];
    mn_rows_read *read = &plan->reads[index];
    if (!(plan->passes & MN_PASS_BLANK) || plan->use == MN_PLAN_WEIGHTS_INPUTS)
        return MIRNET_OK;
    if (node->n_inputs == 0) {
        int32_t axis = 0;
        while (axis < node->out.rank && node->out.dim[axis] == 1)
            axis++;
        const int64_t rows = axis < node->out.rank ? node->out.dim[axis] : 1;
        return mn_blank_create(&op->blank, NULL, NULL, rows, mn_shape_size(&node->out) / rows, plan->run.capacity);
    }
    const int32_t from = mn_plan_origin(plan->model, plan->use, node->inputs[0]);
    mn_blank *in = plan->ops[from].blank;
    const bool alone = model->nodes[from].n_inputs == 0 || mn_plan_readers(model, plan->use, from) == 1;
    if (in && alone && node->n_inputs == 1 && (plan->passes & MN_PASS_TAIL) && plan->use == MN_PLAN_FORWARD &&
        node->layer->cls->shares_tail && node->layer->cls->shares_tail(node->layer, in->rows)) {
        op->blank_in = in;
        return MIRNET_OK;
    }
    if (node->layer->cls->forward_only && (!(plan->passes & MN_PASS_TAIL) || plan->use != MN_PLAN_FORWARD))
        return MIRNET_OK;
    if (!in || !alone || !node->layer->cls->rows_read || !node->layer->cls->rows_read(node->layer, read) ||
        read->in_rows != in->rows)
        return MIRNET_OK;
    op->blank_in = in;
    return mn_blank_create(&op->blank, in, read, read->out_rows, mn_shape_size(&node->out) / read->out_rows,
                           plan->run.capacity);
}

/* Whether a node's output is that of a ReLU, whose backward pass multiplies by its slope. */
static bool is_relu(const mn_layer *layer)
{
    const mn_layer_spec *spec = mn_inner_layer(layer)->spec;
    return (spec->kind == MN_CONV1D || spec->kind == MN_CONV2D || spec->kind == MN_DENSE ||
            spec->kind == MN_ACTIVATION) && spec->activation == MN_RELU;
}

static mirnet_status make_op(mn_plan *plan, int32_t index)
{
    const mn_node *node = &plan->model->nodes[index];
    mn_op *op = &plan->ops[index];
    op->layer = node->layer;
    op->view = mn_plan_is_view(plan->model, plan->use, index);
    MN_TRY(make_lists(op, node));
    for (int32_t i = 0; i < node->n_inputs; i++) {
        const mn_op *from = &plan->ops[node->inputs[i]];
        op->x[i] = from->y;
        op->dx[i] = from->dy;
        op->mask[i] = from->mask_out;
    }
    if (op->view) {
        op->y = op->x[0];
        op->dy = op->dx[0];
        op->mask_out = op->mask[0];
        return MIRNET_OK;
    }
    const int32_t from = mn_plan_source(plan, index);
    if (from >= 0) {
        op->one_hot = (plan->passes & MN_PASS_ONE_HOT) && !op->replaced && plan->model->nodes[from].n_inputs == 0;
        op->sloped = is_relu(plan->model->nodes[from].layer);
    }
    MN_TRY(make_blank(plan, index));
    return make_buffers(plan, op, plan->needs[index]);
}

static mirnet_status build(mn_plan *plan)
{
    const mirnet_model *model = plan->model;
    plan->ops = mn_calloc((size_t)model->n_nodes, sizeof(*plan->ops));
    plan->needs = mn_calloc((size_t)model->n_nodes, sizeof(*plan->needs));
    plan->reads = mn_calloc((size_t)model->n_nodes, sizeof(*plan->reads));
    plan->zeros = mn_calloc((size_t)plan->run.capacity, sizeof(*plan->zeros));
    if (!plan->ops || !plan->needs || !plan->reads || !plan->zeros)
        return MIRNET_ERR_NOMEM;
    plan->run.samples = plan->zeros;
    find_needs(plan);
    for (int32_t i = 0; i < model->n_nodes; i++)
        plan->ops[i].twin = plan->twin ? &plan->twin->ops[i] : NULL;
    if ((plan->passes & MN_PASS_ROWS) && plan->use == MN_PLAN_FORWARD)
        mn_plan_find_rows(plan);
    for (int32_t i = 0; i < model->n_nodes; i++)
        MN_TRY(make_op(plan, i));
    if (plan->use != MN_PLAN_FORWARD)
        mn_plan_find_additions(plan);
    else
        mn_plan_find_readers(plan);
    for (int32_t i = 0; i < model->n_nodes; i++) {
        mn_op *op = &plan->ops[i];
        if (op->layer->cls->open && !op->view)
            MN_TRY(op->layer->cls->open(op, &plan->run, plan->needs[i]));
    }
    mn_plan_find_finders(plan);
    return mn_plan_open_rows(plan);
}

static mirnet_status create(mn_plan **out, const mn_plan *form, const mn_plan *twin)
{
    *out = NULL;
    mn_plan *plan = mn_calloc(1, sizeof(*plan));
    if (!plan)
        return MIRNET_ERR_NOMEM;
    *plan = *form;
    plan->twin = twin;
    mirnet_status status = build(plan);
    if (status != MIRNET_OK) {
        mn_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return MIRNET_OK;
}

mirnet_status mn_plan_create(mn_plan **out, const mirnet_model *model, int64_t capacity, mn_plan_use use, int passes,
                             const mn_kernels *kernels, mn_threads *threads)
{
    const mn_plan form = {
        .model = model, .use = use, .passes = passes,
        .run = {.kernels = kernels, .threads = threads, .passes = passes, .capacity = capacity},
    };
    return create(out, &form, NULL);
}

mirnet_status mn_plan_create_twin(mn_plan **out, const mn_plan *first)
{
    const mn_plan form = {
        .model = first->model, .use = first->use, .passes = first->passes,
        .run = {.kernels = first->run.kernels, .passes = first->passes, .capacity = first->run.capacity,
                .weights = first->run.weights},
    };
    return create(out, &form, first);
}

float *mn_plan_input(const mn_plan *plan, int32_t input)
{
    return plan->ops[plan->model->spec->inputs[input]].y;
}

const float *mn_plan_output(const mn_plan *plan)
{
    return plan->ops[plan->model->spec->output].y;
}

float *mn_plan_output_grad(const mn_plan *plan)
{
    return plan->ops[plan->model->spec->output].dy;
}

const float *mn_plan_input_grad(const mn_plan *plan, int32_t input)
{
    return plan->ops[plan->model->spec->inputs[input]].dy;
}

bool mn_plan_fuses_softmax(const mn_plan *plan)
{
    return plan->ops[plan->model->spec->output].skip_activation;
}

int64_t mn_plan_together(const mn_plan *plan)
{
    int64_t samples = 0;
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        samples = mn_max(samples, mn_rnn_chain_samples(&plan->ops[i]));
    return samples;
}

/* -- Passes over the ops ------------------------------------------------------------------------------------------- */

typedef void (*op_function)(mn_op *op, const mn_run *run);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Calls one of an op's functions; `time` is where its seconds are added up, looked at only if somebody asks. */
static void call(mn_plan *plan, int32_t i, op_function function, size_t time)
{
    if (!function || plan->ops[i].view)
        return;
    const double start = plan->times ? now() : 0;
    function(&plan->ops[i], &plan->run);
    if (plan->times)
        *(double *)((char *)&plan->times[i] + time) += now() - start;
}

void mn_plan_prepare(mn_plan *plan)
{
    plan->knows_blank = false;
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        call(plan, i, plan->ops[i].layer->cls->prepare, offsetof(mn_op_times, prepare));
}

/* Which rows of this batch are computed, and which are copied. */
static void find_extents(mn_plan *plan)
{
    const mirnet_model *model = plan->model;
    for (int32_t i = 0; i < model->n_nodes; i++) {
        const mn_node *node = &model->nodes[i];
        mn_op *op = &plan->ops[i];
        if (op->blank)
            op->blank->due = plan->knows_blank ? 0 : op->blank->n_kinds;
        if (op->blank && node->n_inputs == 0)
            mn_blank_scan(op->blank, op->y, plan->run.batch);
        else if (op->blank)
            mn_blank_reach(op->blank, op->blank_in, &plan->reads[i], plan->run.batch);
        for (int32_t j = 0; j < node->n_inputs && !op->blank && !op->blank_in && !op->view; j++) {
            mn_op *from = &plan->ops[mn_plan_origin(plan->model, plan->use, node->inputs[j])];
            if (from->blank)
                mn_blank_show_all(from->blank, plan->run.batch);
        }
    }
    mn_op *output = &plan->ops[mn_plan_origin(plan->model, plan->use, model->spec->output)];
    if (output->blank)
        mn_blank_show_all(output->blank, plan->run.batch);
}

void mn_plan_forward(mn_plan *plan)
{
    find_extents(plan);
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        if (!plan->ops[i].replaced)
            call(plan, i, plan->ops[i].layer->cls->forward, offsetof(mn_op_times, forward));
    plan->knows_blank = plan->use == MN_PLAN_FORWARD;
}

void mn_plan_backward(mn_plan *plan)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        if (plan->ops[i].blank && plan->ops[i].dy)
            mn_blank_clear(plan->ops[i].blank, plan->ops[i].dy, plan->run.capacity);
    for (int32_t i = plan->model->n_nodes - 1; i >= 0; i--)
        if (plan->needs[i])
            call(plan, i, plan->ops[i].layer->cls->backward, offsetof(mn_op_times, backward));
}

void mn_plan_commit(mn_plan *plan, float *weights)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++) {
        mn_op *op = &plan->ops[i];
        if (op->layer->cls->commit && !op->view)
            op->layer->cls->commit(op, &plan->run, weights);
    }
}
