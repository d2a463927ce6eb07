/* beside.h - one task in a thread of its own, while the caller goes on */
/* SPDX-License-Identifier: MIT */
#ifndef BESIDE_H
#define BESIDE_H

#include <pthread.h>

/* Returns an exit status. */
typedef int (*beside_task)(void *context);

/* Between start and wait it belongs to the task's thread. */
typedef struct beside {
    beside_task task;
    void *context;
    int status;
    int running; /* 0: there is no thread */
    pthread_t thread;
} beside;

/* Starts the task. Without a thread, by wish or because there is none to be had, beside_wait does it. */
void beside_start(beside *b, int threaded, beside_task task, void *context);

/* Waits for the task's end; returns its status. */
int beside_wait(beside *b);

#endif
