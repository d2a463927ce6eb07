/* threads.h - a few threads that share out the parts of one task after another */
/* SPDX-License-Identifier: MIT */
#ifndef MN_THREADS_H
#define MN_THREADS_H

#include "common.h"

/* One caller at a time. NULL stands for no helpers: everything runs in the caller's thread. */
typedef struct mn_threads mn_threads;

/* `count` threads in all, the caller's included; 1 gives *out = NULL. Errors: SYSTEM, NOMEM. */
mirnet_status mn_threads_create(mn_threads **out, int32_t count) MN_MUST_CHECK;
void mn_threads_destroy(mn_threads *threads);
int32_t mn_threads_count(const mn_threads *threads);

/* Calls task(context, part, worker) once for each part 0..parts - 1, in any order, and returns when all are done.
 * `worker` is 0..count - 1, one part at a time each. What a part computes must not depend on worker: that is what
 * keeps results the same for any number of threads. In a forked child the caller does all parts. */
typedef void (*mn_task)(void *context, int64_t part, int32_t worker);
void mn_threads_run(mn_threads *threads, mn_task task, void *context, int64_t parts);

/* One turn, the first is 0, of a loop in which a part waits for another one. It may wait for those in front of it: what
 * nobody has begun the caller takes in their order. */
void mn_threads_pause(int turn);

#endif
