/* mn_misuse.h - the small model that is used badly */
/* SPDX-License-Identifier: MIT */
#ifndef MN_MISUSE_H
#define MN_MISUSE_H

#include "mn_net.h"

/* Four numbers in, two classes out; or sequences of four bases, one channel each. */
#define MN_MISUSE_RECIPE                                                                                         \
    "{\"encoder\": {\"length\": 4}, \"training\": {\"batch_size\": 2, \"epochs\": 2, \"validation_split\": 0}, " \
    "\"model\": {\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["                    \
    "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\", \"batch_input_shape\": [null, 4, 4]}},"         \
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"activation\": \"softmax\"}}]}}}"

static inline mirnet_model *mn_misuse_model(void)
{
    return mn_net_create_json(MN_MISUSE_RECIPE);
}

#endif
