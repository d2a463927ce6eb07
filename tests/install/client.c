/* client.c - a program outside the tree, built with pkg-config against the installed library, as C and as C++ */
/* SPDX-License-Identifier: MIT */
#include <mirnet/dataset.h>
#include <mirnet/version.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char version[32];
    snprintf(version, sizeof(version), "%d.%d.%d", MIRNET_VERSION_MAJOR, MIRNET_VERSION_MINOR, MIRNET_VERSION_PATCH);
    if (strcmp(version, mirnet_version()) != 0)
        return 1;
    mirnet_dataset *dataset = NULL;
    if (mirnet_dataset_create(&dataset) != MIRNET_OK || mirnet_dataset_simulate(dataset, 5, 1) != MIRNET_OK)
        return 2;
    int64_t n = mirnet_dataset_count(dataset);
    mirnet_dataset_destroy(dataset);
    if (mirnet_dataset_create(NULL) != MIRNET_ERR_INVALID || !mirnet_last_message()[0])
        return 3;
    puts(mirnet_build_info());
    return n == 10 ? 0 : 4;
}
