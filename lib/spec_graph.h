/* spec_graph.h - the connections of a Functional model */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SPEC_GRAPH_H
#define MN_SPEC_GRAPH_H

#include "place.h"
#include "spec.h"

/* Reads inbound_nodes, input_layers and output_layers of a model's config into spec's nodes, inputs and output; the
 * layers are there, in the order of the JSON, and `names` maps their names to indices. Errors: FORMAT (a cycle, an
 * unknown name, a part that the output does not use), UNSUPPORTED, NOMEM. */
mirnet_status mn_spec_read_graph(mn_spec *spec, const mn_place *config, const json_t *names, bool keras3) MN_MUST_CHECK;

#endif
