/* plan_links.c - who works on whose value: views, readers, and what they leave to each other */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/rnn.h"
#include "plan.h"

bool mn_plan_is_view(const mirnet_model *model, mn_plan_use use, int32_t node)
{
    const mn_layer *layer = model->nodes[node].layer;
    return layer->view || (mn_inner_layer(layer)->cls->only_trains && use == MN_PLAN_FORWARD);
}

int32_t mn_plan_origin(const mirnet_model *model, mn_plan_use use, int32_t node)
{
    while (mn_plan_is_view(model, use, node))
        node = model->nodes[node].inputs[0];
    return node;
}

int32_t mn_plan_readers(const mirnet_model *model, mn_plan_use use, int32_t node)
{
    int32_t n = node == mn_plan_origin(model, use, model->spec->output);
    for (int32_t i = 0; i < model->n_nodes; i++)
        for (int32_t j = 0; j < model->nodes[i].n_inputs && !mn_plan_is_view(model, use, i); j++)
            n += mn_plan_origin(model, use, model->nodes[i].inputs[j]) == node;
    return n;
}

int32_t mn_plan_source(const mn_plan *plan, int32_t index)
{
    const mn_node *node = &plan->model->nodes[index];
    return node->n_inputs == 1 && !plan->ops[index].view ? mn_plan_origin(plan->model, plan->use, node->inputs[0]) : -1;
}

/* How many ops other than views read this buffer. */
static int32_t count_readers(const mn_plan *plan, const float *y)
{
    int32_t n = 0;
    for (int32_t i = 0; i < plan->model->n_nodes; i++)
        for (int32_t j = 0; j < plan->ops[i].n_in; j++)
            n += plan->ops[i].x[j] == y && !plan->ops[i].view;
    return n;
}

/*
 * Backward, a gradient buffer is written by the last reader of its value first, and added to by the others. The loss
 * writes the output's. A layer that is called several times gets its weights' gradient from its last call first.
 */
void mn_plan_find_additions(mn_plan *plan)
{
    const mirnet_model *model = plan->model;
    mn_op *output = &plan->ops[model->spec->output];
    for (int32_t i = model->n_nodes - 1; i >= 0; i--) {
        mn_op *op = &plan->ops[i];
        for (int32_t later = i + 1; later < model->n_nodes; later++)
            op->grad_add = op->grad_add || plan->ops[later].layer == op->layer;
        for (int32_t j = 0; j < op->n_in && !op->view; j++) {
            op->dx_add[j] = op->dx[j] && op->dx[j] == output->dy;
            for (int32_t k = 0; k < j; k++)
                op->dx_add[j] = op->dx_add[j] || op->dx[k] == op->dx[j];
            for (int32_t later = i + 1; later < model->n_nodes; later++)
                for (int32_t k = 0; k < plan->ops[later].n_in; k++)
                    op->dx_add[j] =
                        op->dx_add[j] || (!plan->ops[later].view && plan->ops[later].dx[k] == op->dx[j]);
        }
    }
    const mn_layer_spec *spec = output->layer->spec;
    output->skip_activation = output->layer->cls->fuses_softmax && spec->activation == MN_SOFTMAX &&
                              count_readers(plan, output->y) == 0;
}

static bool is_recurrent(mn_layer_kind kind)
{
    return mn_is_rnn(kind) || kind == MN_BIDIRECTIONAL;
}

/* Who alone reads a value. Rows that a mask leaves out are not read by a recurrent layer, which passes masked steps
 * over; but those of a layer that goes backwards are: as in Keras they are in the order of its walk, and the mask is in
 * that of time. */
void mn_plan_find_readers(mn_plan *plan)
{
    const mirnet_model *model = plan->model;
    for (int32_t i = 0; i < model->n_nodes; i++) {
        const mn_layer *layer = model->nodes[i].layer;
        const int32_t from = mn_plan_source(plan, i);
        if (from < 0 || mn_plan_readers(model, plan->use, from) != 1)
            continue;
        plan->ops[from].reader = &plan->ops[i];
        plan->ops[from].unread = is_recurrent(layer->spec->kind) && layer->masked &&
                                 !model->nodes[from].layer->spec->go_backwards;
    }
}

/* What a reader wants to know not to be zero is found on the way by who makes it, while it is in the first-level cache,
 * if that one can: for one reader. */
void mn_plan_find_finders(mn_plan *plan)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++) {
        const int32_t from = mn_plan_source(plan, i);
        if (from < 0 || plan->ops[from].replaced)
            continue;
        mn_op *maker = mn_inner_op(&plan->ops[from]);
        mn_nonzero *wanted = mn_inner_op(&plan->ops[i])->nonzero_x;
        if (wanted && maker->finds_nonzero && !maker->nonzero_y) {
            maker->nonzero_y = wanted;
            wanted->found = true;
        }
    }
}
