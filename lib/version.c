/* version.c - which library this is */
/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <jansson.h>
#include <zlib.h>

#include <mirnet/version.h>

#include "kernels/kernels.h"

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

#define VERSION TEXT_OF(MIRNET_VERSION_MAJOR) "." TEXT_OF(MIRNET_VERSION_MINOR) "." TEXT_OF(MIRNET_VERSION_PATCH)

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown compiler"
#endif

const char *mirnet_version(void)
{
    return VERSION;
}

int32_t mirnet_version_number(void)
{
    return MIRNET_VERSION_MAJOR * 1000000 + MIRNET_VERSION_MINOR * 1000 + MIRNET_VERSION_PATCH;
}

int32_t mirnet_soversion(void)
{
    return MIRNET_SOVERSION;
}

#define INFO(kernels) \
    "mirnet " VERSION ", " COMPILER ", jansson " JANSSON_VERSION ", zlib " ZLIB_VERSION ", kernels " kernels

/* One text for each table of kernels: static, whichever this machine gets. */
const char *mirnet_build_info(void)
{
    static const struct {
        const char *kernels, *text;
    } infos[] = {{"avx512", INFO("avx512")}, {"avx2", INFO("avx2")}, {"neon", INFO("neon")}, {"c", INFO("c")}};
    for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
        if (strcmp(infos[i].kernels, mn_kernels_name()) == 0)
            return infos[i].text;
    return INFO("unknown");
}
