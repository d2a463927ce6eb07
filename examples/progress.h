/* progress.h - what training shows while it runs */
/* SPDX-License-Identifier: MIT */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <mirnet/mirnet.h>

/*
 * On a terminal one live line: epoch, loss, validation loss, accuracy, time left. Elsewhere a line an epoch; nothing
 * when quiet. All on standard error.
 */
typedef struct progress {
    int quiet, live;
    char label[128]; /* in front of the line, e.g. "fold 2/5 " */
    int64_t epochs;  /* of the current run */
    double done;     /* epochs of earlier runs, for the time left; negative: those that a resumed run has behind it */
    double total;    /* epochs of all runs of the command */
    int64_t beside;  /* runs that go on beside this one and are about as far, for the time left */
    double start, drawn; /* seconds */
} progress;

void progress_create(progress *p, int quiet, double total_epochs);
/* Shows the trainer's state; called after each batch and epoch, as a mirnet_trainer_callback is. */
void progress_show(progress *p, const mirnet_trainer *trainer, int64_t epoch, int64_t batch);
/* Takes the live line away, before any other line is written. */
void progress_clear(progress *p);

#endif
