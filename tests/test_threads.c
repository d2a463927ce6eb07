/* test_threads.c - parts of tasks on several threads: each once, seen by the caller, also asleep, forked and crowded */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "threads.h"

enum { MOST = 16, PARTS = 200, JOBS = 1000 };

static void rest(long milliseconds)
{
    nanosleep(&(struct timespec){0, milliseconds * 1000000}, NULL);
}

static mn_threads *threads_of(int32_t count)
{
    mn_threads *threads;
    mn_ok(mn_threads_create(&threads, count));
    ck_assert_int_eq(mn_threads_count(threads), count);
    return threads;
}

/* Plain memory on purpose: what a part writes must be seen by the caller, and what the caller wrote by the part. */
typedef struct job {
    int64_t number;
    int32_t count;
    int times[PARTS];
    int64_t seen[PARTS];
    atomic_flag busy[MOST];
    atomic_int wrong;
} job;

static void note_part(void *context, int64_t part, int32_t worker)
{
    job *j = context;
    if (worker < 0 || worker >= j->count || atomic_flag_test_and_set(&j->busy[worker])) {
        atomic_fetch_add(&j->wrong, 1);
        return;
    }
    j->times[part]++;
    j->seen[part] = j->number;
    atomic_flag_clear(&j->busy[worker]);
}

static void run_job(mn_threads *threads, int32_t count, int64_t number, int64_t parts)
{
    job j = {.number = number, .count = count};
    for (int i = 0; i < MOST; i++)
        atomic_flag_clear(&j.busy[i]);
    mn_threads_run(threads, note_part, &j, parts);
    ck_assert_int_eq(atomic_load(&j.wrong), 0);
    for (int64_t i = 0; i < PARTS; i++) /* without an assertion for each, which would take most of the time */
        if (j.times[i] != (i < parts) || j.seen[i] != (i < parts ? number : 0))
            ck_abort_msg("part %d of %d ran %d times", (int)i, (int)parts, j.times[i]);
}

START_TEST(every_part_runs_once_and_a_worker_has_one_at_a_time)
{
    static const int64_t parts[] = {0, 1, 2, 3, 15, 16, 17, PARTS};
    mn_threads *threads = threads_of(_i);
    for (int repeat = 0; repeat < 20; repeat++)
        for (int i = 0; i < 8; i++)
            run_job(threads, _i, repeat + 1, parts[i]);
    mn_threads_destroy(threads);
}
END_TEST

/* More threads than cores: some are asleep for a job, some come late to it. */
START_TEST(thousands_of_small_jobs_do_not_meet_each_other)
{
    mn_threads *threads = threads_of(_i);
    for (int64_t number = 1; number <= JOBS; number++)
        run_job(threads, _i, number, number % 7);
    mn_threads_destroy(threads);
}
END_TEST

START_TEST(jobs_between_naps_wake_the_sleepers)
{
    mn_threads *threads = threads_of(_i);
    for (int64_t number = 1; number <= 30; number++) {
        rest(number % 3);
        run_job(threads, _i, number, 2 * _i);
    }
    mn_threads_destroy(threads);
}
END_TEST

static void slow_part(void *context, int64_t part, int32_t worker)
{
    int *done = context;
    rest(worker ? 20 : 1);
    done[part]++;
}

/* The caller is done long before the others, goes to sleep, and is woken. */
START_TEST(the_caller_waits_for_the_slowest_part)
{
    mn_threads *threads = threads_of(4);
    for (int repeat = 0; repeat < 5; repeat++) {
        int done[4] = {0};
        mn_threads_run(threads, slow_part, done, 4);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(done[i], 1);
    }
    mn_threads_destroy(threads);
}
END_TEST

typedef struct meeting {
    int guests;
    atomic_int there;
} meeting;

static void meet_part(void *context, int64_t part, int32_t worker)
{
    meeting *m = context;
    (void)part;
    (void)worker;
    atomic_fetch_add(&m->there, 1);
    while (atomic_load(&m->there) < m->guests)
        rest(1);
}

/* Parts that wait for each other can only end if each has its thread, also if all were asleep. */
START_TEST(parts_run_side_by_side)
{
    mn_threads *threads = threads_of(_i);
    for (int repeat = 0; repeat < 6; repeat++) {
        meeting m = {.guests = _i};
        rest(repeat % 2 * 10);
        mn_threads_run(threads, meet_part, &m, _i);
        ck_assert_int_eq(atomic_load(&m.there), _i);
    }
    mn_threads_destroy(threads);
}
END_TEST

START_TEST(one_thread_needs_no_pool)
{
    mn_threads *threads = (mn_threads *)&threads;
    mn_ok(mn_threads_create(&threads, 1));
    ck_assert_ptr_null(threads);
    ck_assert_int_eq(mn_threads_count(NULL), 1);
    run_job(NULL, 1, 3, PARTS);
    mn_threads_destroy(NULL);
}
END_TEST

START_TEST(pools_end_at_any_time)
{
    for (int repeat = 0; repeat < 60; repeat++) {
        mn_threads *threads = threads_of(2 + repeat % 7);
        if (repeat % 3 > 0)
            run_job(threads, 2 + repeat % 7, 1, repeat);
        if (repeat % 10 == 0)
            rest(5); /* all helpers are asleep */
        mn_threads_destroy(threads);
    }
}
END_TEST

static void add_worker(void *context, int64_t part, int32_t worker)
{
    int64_t *sums = context;
    sums[0] += part;
    sums[1] += worker;
}

START_TEST(a_forked_child_does_all_parts_itself)
{
    mn_threads *threads = threads_of(4);
    for (int asleep = 0; asleep < 2; asleep++) {
        run_job(threads, 4, 1, PARTS);
        if (asleep)
            rest(5);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            int64_t sums[2] = {0};
            mn_threads_run(threads, add_worker, sums, PARTS);
            mn_threads_destroy(threads);
            _exit(sums[0] == PARTS * (PARTS - 1) / 2 && sums[1] == 0 ? 0 : 1);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        run_job(threads, 4, 2, PARTS);
    }
    mn_threads_destroy(threads);
}
END_TEST

static void *use_a_pool(void *argument)
{
    mn_threads *threads = argument;
    static const int64_t most = JOBS / 5;
    for (int64_t number = 1; number <= most; number++)
        run_job(threads, mn_threads_count(threads), number, number % 11);
    return NULL;
}

START_TEST(pools_of_several_callers_do_not_meet)
{
    mn_threads *threads[4];
    pthread_t callers[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = threads_of(2 + i);
        ck_assert_int_eq(pthread_create(&callers[i], NULL, use_a_pool, threads[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(callers[i], NULL), 0);
        mn_threads_destroy(threads[i]);
    }
}
END_TEST

static double processor_seconds(void)
{
    struct timespec now;
    ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

START_TEST(a_pool_without_work_sleeps)
{
    mn_threads *threads = threads_of(8);
    run_job(threads, 8, 1, PARTS);
    double before = processor_seconds();
    rest(300);
    ck_assert_double_lt(processor_seconds() - before, 0.05);
    mn_threads_destroy(threads);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tc = tcase_create("pool");
    tcase_add_loop_test(tc, every_part_runs_once_and_a_worker_has_one_at_a_time, 2, MOST + 1);
    tcase_add_loop_test(tc, thousands_of_small_jobs_do_not_meet_each_other, 2, MOST + 1);
    tcase_add_loop_test(tc, jobs_between_naps_wake_the_sleepers, 2, 9);
    tcase_add_test(tc, the_caller_waits_for_the_slowest_part);
    tcase_add_loop_test(tc, parts_run_side_by_side, 2, 6);
    tcase_add_test(tc, one_thread_needs_no_pool);
    tcase_add_test(tc, pools_end_at_any_time);
    tcase_add_test(tc, a_forked_child_does_all_parts_itself);
    tcase_add_test(tc, pools_of_several_callers_do_not_meet);
    tcase_add_test(tc, a_pool_without_work_sleeps);
    suite_add_tcase(suite, tc);
    return mn_check_main(suite);
}
