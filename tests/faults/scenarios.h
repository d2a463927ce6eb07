/* scenarios.h - what the library does while calls fail */
/* SPDX-License-Identifier: MIT */
#ifndef MN_SCENARIOS_H
#define MN_SCENARIOS_H

#include <stdbool.h>

#include <mirnet/model.h>

/*
 * A scenario is a run of the library from nothing to nothing: it frees what it made, whatever happened. It runs once
 * for each n with its n-th call failing until a run has no failing call left. Each time
 *   - the status is OK (the failure was of no consequence) or the one of that kind of failure, with a message;
 *   - no block and no descriptor is left;
 *   - the file "out/target", where the scenario writes it, is the old one or the new one to the byte, and alone.
 */
typedef struct mn_scenario {
    const char *name;
    mirnet_status (*run)(void);
    bool writes;                /* out/target */
    int memory_floor, io_floor; /* faults there must be at least: fewer means that they do not reach the library */
    int thread_floor;
} mn_scenario;

extern const mn_scenario mn_scenarios[];
extern const int mn_scenario_count;

/* Makes the files that the scenarios read, and the folder of the one they write. */
void mn_scenarios_setup(void);
/* Paths of that folder and of that file. */
const char *mn_scenarios_folder(void);
const char *mn_scenarios_target(void);

#endif
