/* test_faults.c - every allocation, every system call and every thread of a scenario fails once, and from there on */
/* SPDX-License-Identifier: MIT */
#include "mn_check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults/faults.h"
#include "faults/scenarios.h"

static const char OLD[] = "the old file";

static void check_alone(const char *name)
{
    DIR *folder = opendir(mn_scenarios_folder());
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        ck_assert_msg(entry->d_name[0] == 't' || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0,
                      "%s: %s is left", name, entry->d_name);
    closedir(folder);
}

/* True if the target holds this text. */
static bool target_is(const char *bytes, size_t size)
{
    size_t n;
    char *now = mn_read(mn_scenarios_target(), &n);
    bool same = n == size && memcmp(now, bytes, n) == 0;
    free(now);
    return same;
}

typedef struct fault {
    mn_fault_kind kind;
    mirnet_status status; /* that it leads to */
    int error;
    bool persistent;
    bool harmless; /* the run must succeed all the same */
} fault;

/* Runs the scenario with the n-th call failing. Returns how many calls failed. */
static int64_t run_once(const mn_scenario *s, const fault *f, int64_t n, const char *new_bytes, size_t new_size)
{
    if (s->writes && !target_is(OLD, sizeof(OLD) - 1))
        mn_write_text(mn_scenarios_target(), OLD);
    int64_t blocks = mn_faults_blocks(), files = mn_faults_files();
    mn_faults_set(f->kind, n, f->persistent, f->error);
    mirnet_status status = s->run();
    int64_t failed = mn_faults_reset();
    const char *text = f->error == MN_FAULT_SHORT ? "short" : strerror(f->error);
    ck_assert_msg(mn_faults_blocks() == blocks, "%s, call %lld (%s): %lld blocks are left", s->name, (long long)n, text,
                  (long long)(mn_faults_blocks() - blocks));
    ck_assert_msg(mn_faults_files() == files, "%s, call %lld (%s): %lld files are left open", s->name, (long long)n,
                  text, (long long)(mn_faults_files() - files));
    ck_assert_msg(status == MIRNET_OK || (status == f->status && !f->harmless && failed > 0),
                  "%s, call %lld (%s): %s: %s", s->name, (long long)n, text, mirnet_status_name(status),
                  mirnet_last_message());
    ck_assert(status == MIRNET_OK || mirnet_last_message()[0]);
    if (s->writes) {
        check_alone(s->name);
        bool is_new = target_is(new_bytes, new_size), is_old = target_is(OLD, sizeof(OLD) - 1);
        ck_assert_msg(is_new || (is_old && status != MIRNET_OK), "%s, call %lld (%s): the file is neither old nor new",
                      s->name, (long long)n, text);
    }
    return failed;
}

/* All n, until nothing fails any more. Returns how many runs had a failing call. */
static int run_all(const mn_scenario *s, const fault *f)
{
    size_t size = 0;
    mn_ok(s->run()); /* once for what is made the first time only, e.g. the stacks of threads */
    mn_ok(s->run());
    char *bytes = s->writes ? mn_read(mn_scenarios_target(), &size) : NULL;
    int n = 0;
    while (run_once(s, f, n + 1, bytes, size) > 0)
        n++;
    free(bytes);
    return n;
}

static void report(const mn_scenario *s, const char *what, int n, int floor)
{
    printf("faults injected: %s: %d of %s\n", s->name, n, what);
    fflush(stdout);
    ck_assert_msg(n >= floor && (floor > 0 || n == 0), "%s: %d faults of %s, expected at least %d", s->name, n, what,
                  floor);
}

/* AddressSanitizer's own start of a thread gives up when memory is out. */
#if defined(__SANITIZE_ADDRESS__)
enum { THREADS_NEED_MEMORY = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { THREADS_NEED_MEMORY = 1 };
#else
enum { THREADS_NEED_MEMORY = 0 };
#endif
#else
enum { THREADS_NEED_MEMORY = 0 };
#endif

START_TEST(running_out_of_memory_is_a_status)
{
    const mn_scenario *s = &mn_scenarios[_i];
    if (THREADS_NEED_MEMORY && s->thread_floor > 0)
        mn_skip("threads under AddressSanitizer");
    mn_scenarios_setup();
    int n = 0;
    for (int persistent = 0; persistent < 2; persistent++)
        n += run_all(s, &(fault){MN_FAULT_MEMORY, MIRNET_ERR_NOMEM, ENOMEM, persistent, false});
    report(s, "memory", n, s->memory_floor);
}
END_TEST

START_TEST(a_system_call_that_fails_is_a_status)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EACCES, EMFILE};
    const mn_scenario *s = &mn_scenarios[_i];
    mn_scenarios_setup();
    int n = 0;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        for (int persistent = 0; persistent < 2; persistent++)
            n += run_all(s, &(fault){MN_FAULT_IO, MIRNET_ERR_IO, errors[i], persistent, false});
    n += run_all(s, &(fault){MN_FAULT_IO, MIRNET_ERR_IO, EINTR, false, true});
    n += run_all(s, &(fault){MN_FAULT_IO, MIRNET_ERR_IO, MN_FAULT_SHORT, false, true});
    n += run_all(s, &(fault){MN_FAULT_IO, MIRNET_ERR_IO, MN_FAULT_SHORT, true, true});
    report(s, "input and output", n, s->io_floor);
}
END_TEST

START_TEST(a_thread_that_cannot_be_made_is_a_status)
{
    const mn_scenario *s = &mn_scenarios[_i];
    mn_scenarios_setup();
    int n = 0;
    for (int persistent = 0; persistent < 2; persistent++)
        n += run_all(s, &(fault){MN_FAULT_THREAD, MIRNET_ERR_SYSTEM, EAGAIN, persistent, false});
    report(s, "threads", n, s->thread_floor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *faults = tcase_create("faults");
    tcase_add_loop_test(faults, running_out_of_memory_is_a_status, 0, mn_scenario_count);
    tcase_add_loop_test(faults, a_system_call_that_fails_is_a_status, 0, mn_scenario_count);
    tcase_add_loop_test(faults, a_thread_that_cannot_be_made_is_a_status, 0, mn_scenario_count);
    suite_add_tcase(suite, faults);
    return mn_check_main(suite);
}
