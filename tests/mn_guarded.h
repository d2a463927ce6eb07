/* mn_guarded.h - memory with guards around what may be written, for the tests of kernels; draws and bounds */
/* SPDX-License-Identifier: MIT */
#ifndef MN_GUARDED_H
#define MN_GUARDED_H

#include <stdbool.h>
#include <stdint.h>

enum { MN_GUARD = 67 };

/* Where the program is in its random numbers. main starts it. */
extern uint64_t mn_stream;
/* A number in low..high; heads or tails. */
int64_t mn_draw(int64_t low, int64_t high);
bool mn_toss(void);

/* Floats at a place that is aligned to nothing but 4 bytes, between numbers that must not change. */
typedef struct mn_guarded {
    int64_t n;
    float *all, *copy, *at; /* all n + 2 MN_GUARD floats, what they were, the first of the n */
} mn_guarded;

mn_guarded mn_guarded_create(int64_t n);
void mn_guarded_destroy(mn_guarded *f);
/* What stood at a place. */
float mn_guarded_before(const mn_guarded *f, int64_t i);
/* All is as it was but for the places that `written` names. */
void mn_guarded_check(const char *what, const mn_guarded *f, const bool *written);
/* n times this value; free() it. */
bool *mn_flags(int64_t n, bool value);

/* The bound of a sum of k products in any order (Higham 2002, 3.1). */
double mn_bound(int64_t k, double magnitude);
/* Check writes a note to a file for each of its assertions: too many of them here. */
void mn_within(double error, double allowed);

#endif
