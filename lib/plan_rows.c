/* plan_rows.c - which pairs of convolutions are looked up instead of computed: see layers/row_table.h */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include "layers/conv.h"
#include "layers/row_table.h"
#include "plan.h"

/* The convolution that a layer is, or that it wraps; NULL: neither. */
static const mn_layer *conv_of(const mn_layer *layer)
{
    if (layer->spec->kind == MN_TIME_DISTRIBUTED && layer->in[0].dim[0] == 1)
        layer = layer->inner[0];
    return layer->spec->kind == MN_CONV1D || layer->spec->kind == MN_CONV2D ? layer : NULL;
}

static bool is_input(const mirnet_model *model, int32_t node)
{
    return model->nodes[mn_plan_origin(model, MN_PLAN_FORWARD, node)].n_inputs == 0;
}

/* The convolution whose place node i takes by looking rows up; -1: none. */
static int32_t first_of(const mirnet_model *model, int32_t i)
{
    const mn_node *second = &model->nodes[i];
    if (second->n_inputs != 1 || !conv_of(second->layer))
        return -1;
    const int32_t from = mn_plan_origin(model, MN_PLAN_FORWARD, second->inputs[0]);
    const mn_node *first = &model->nodes[from];
    const bool fits = first->n_inputs == 1 && conv_of(first->layer) && is_input(model, first->inputs[0]) &&
                      mn_plan_readers(model, MN_PLAN_FORWARD, from) == 1 &&
                      mn_row_table_fits(conv_of(first->layer), conv_of(second->layer));
    return fits ? from : -1;
}

bool mn_plan_replaces(const mirnet_model *model, int32_t node)
{
    for (int32_t i = 0; i < model->n_nodes; i++)
        if ((mn_passes() & MN_PASS_ROWS) && first_of(model, i) == node)
            return true;
    return false;
}

void mn_plan_find_rows(mn_plan *plan)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++) {
        const int32_t first = first_of(plan->model, i);
        if (first >= 0) {
            plan->ops[first].replaced = true;
            plan->ops[i].row_first = &plan->ops[first];
        }
    }
}

mirnet_status mn_plan_open_rows(mn_plan *plan)
{
    for (int32_t i = 0; i < plan->model->n_nodes; i++) {
        if (!plan->ops[i].row_first)
            continue;
        mn_op *second = mn_inner_op(&plan->ops[i]);
        const mn_op *twin = second->twin;
        second->row_first = mn_inner_op(plan->ops[i].row_first);
        MN_TRY(
            mn_row_work_create(&second->row_work, second->row_first, second, twin ? twin->row_work : NULL, &plan->run));
    }
    return MIRNET_OK;
}
