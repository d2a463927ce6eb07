/* progress.c - what training shows while it runs */
/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_create(progress *p, int quiet, double total_epochs)
{
    *p = (progress){.quiet = quiet, .live = !quiet && isatty(STDERR_FILENO), .total = total_epochs, .start = now()};
}

void progress_clear(progress *p)
{
    if (p->live && p->drawn > 0)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}

/* Appends " key value" if the trainer has that figure; validation figures are those of the last whole epoch. */
static size_t add_figure(char *line, size_t used, size_t room, const mirnet_trainer *trainer, const char *key,
                         int64_t epoch)
{
    double value;
    if (used >= room || mirnet_trainer_get_history(trainer, key, epoch, &value) != MIRNET_OK)
        return used;
    int n = snprintf(line + used, room - used, " %s %.4f", key, value);
    return n > 0 ? used + (size_t)n : used;
}

static size_t add_time_left(char *line, size_t used, size_t room, double seconds)
{
    if (used >= room || !(seconds >= 0 && seconds < 1e9))
        return used;
    int64_t s = (int64_t)(seconds + 0.5);
    const char *unit = s < 3600 ? "" : " h";
    if (s >= 3600)
        s /= 60; /* hours and minutes in place of minutes and seconds */
    int n = snprintf(line + used, room - used, " %" PRId64 ":%02" PRId64 "%s left", s / 60, s % 60, unit);
    return n > 0 ? used + (size_t)n : used;
}

void progress_show(progress *p, const mirnet_trainer *trainer, int64_t epoch, int64_t batch)
{
    double t = now();
    if (p->quiet || (p->live ? t - p->drawn < 0.1 : batch > 0))
        return;
    int64_t batches = 0;
    (void)mirnet_trainer_get_count(trainer, "batches", &batches);
    char line[256];
    size_t room = sizeof(line);
    int n = snprintf(line, room, "%sepoch %" PRId64 "/%" PRId64, p->label, epoch, p->epochs);
    size_t used = n > 0 ? (size_t)n : 0;
    used = add_figure(line, used, room, trainer, "loss", batch ? 0 : epoch);
    used = add_figure(line, used, room, trainer, "val_loss", batch ? epoch - 1 : epoch);
    used = add_figure(line, used, room, trainer, "accuracy", batch ? 0 : epoch);
    if (!p->live) {
        fprintf(stderr, "mirnet: %s\n", line);
        return;
    }
    double part = batch && batches > 0 ? (double)(epoch - 1) + (double)batch / (double)batches : (double)epoch;
    double done = p->done + part * (double)(1 + p->beside);
    if (done > 0)
        add_time_left(line, used, room, (t - p->start) * (p->total - done) / done);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    p->drawn = t;
}
