/* version.h - the version of the API; the build reads the SONAME from here */
/* SPDX-License-Identifier: MIT */
#ifndef MIRNET_VERSION_H
#define MIRNET_VERSION_H

#include <mirnet/common.h>

#define MIRNET_VERSION_MAJOR 0
#define MIRNET_VERSION_MINOR 1
#define MIRNET_VERSION_PATCH 0

/* Changes only when a program built against an older library would break. */
#define MIRNET_SOVERSION 0

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is loaded, e.g. "0.1.0". Static text. */
MIRNET_API const char *mirnet_version(void);

/* The same as one number, major * 1000000 + minor * 1000 + patch, for comparisons in bindings. */
MIRNET_API int32_t mirnet_version_number(void);

/* The number behind libmirnet.so. */
MIRNET_API int32_t mirnet_soversion(void);

/* One line on how this library was built and what it uses on this machine: compiler, JSON and zlib versions, the
 * instruction set of the kernels. Static text, for bug reports. */
MIRNET_API const char *mirnet_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
