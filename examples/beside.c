/* beside.c - one task in a thread of its own, while the caller goes on */
/* SPDX-License-Identifier: MIT */
#include "beside.h"

static void *do_task(void *argument)
{
    beside *b = argument;
    b->status = b->task(b->context);
    return NULL;
}

void beside_start(beside *b, int threaded, beside_task task, void *context)
{
    b->task = task;
    b->context = context;
    b->running = threaded && pthread_create(&b->thread, NULL, do_task, b) == 0;
}

int beside_wait(beside *b)
{
    if (b->running)
        pthread_join(b->thread, NULL);
    else
        do_task(b);
    b->running = 0;
    return b->status;
}
