/* mn_check.h - what the test programs share: the runner, where the data are, comparing, scratch files */
/* SPDX-License-Identifier: MIT */
#ifndef MN_CHECK_H
#define MN_CHECK_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mirnet/common.h>

/* Runs a suite (each case in a process of its own unless CK_FORK=no) and prints "N passed, N failed[, N skipped]"
 * as the last line. Returns the exit status of main. MIRNET_TEST_KERNELS=c makes the library use its plain kernels,
 * MIRNET_TEST_PASSES=N only the savings with these bits (see layers/passes.h). */
int mn_check_main(Suite *suite);

/* Ends a case that cannot run here, e.g. because data are not there. It is counted as skipped, not as passed. */
#define mn_skip(...)                        \
    do {                                    \
        mn_skip_note(__func__, __VA_ARGS__); \
        return;                             \
    } while (0)
void mn_skip_note(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The call must succeed; if it does not, its message is shown. */
#define mn_ok(call)                                                                                          \
    do {                                                                                                     \
        int32_t mn_ok_ = (call);                                                                             \
        ck_assert_msg(mn_ok_ == 0, "%s: %s: %s", #call, mirnet_status_name(mn_ok_), mirnet_last_message()); \
    } while (0)

/* The call must return this status, e.g. mn_fails(MIRNET_ERR_INVALID, call), and leave a message of one line. */
#define mn_fails(status, call) mn_fails_at(__FILE__, __LINE__, #call, #status, status, call)
void mn_fails_at(const char *file, int line, const char *text, const char *wanted_text, int32_t wanted, int32_t got);

/* The seed of tests that draw random numbers: MIRNET_TEST_SEED, or 1; printed when the program starts. */
uint64_t mn_seed(void);

/* Path below the data (MIRNET_DATA, default ../shared/data beside the source), the golden vectors (MIRNET_GOLDEN,
 * default ../shared/golden), and tests/data. Static text, one of four in turn; NULL if nothing is there. */
const char *mn_data_path(const char *name);
const char *mn_golden_path(const char *name);
const char *mn_test_path(const char *name);

/* Largest |got[i] - want[i]| relative to the largest |want|; fails beyond the tolerance and names the worst entry. A
 * number that is not finite fails always. `what` names the tensor in the message. */
#define mn_close(what, got, want, n, tolerance) mn_close_at(__FILE__, __LINE__, what, got, want, n, tolerance)
#define mn_close_double(what, got, want, n, tolerance) \
    mn_close_double_at(__FILE__, __LINE__, what, got, want, n, tolerance)
void mn_close_at(const char *file, int line, const char *what, const float *got, const float *want, size_t n,
                 double tolerance);
void mn_close_double_at(const char *file, int line, const char *what, const double *got, const double *want, size_t n,
                        double tolerance);
/* The same bits. */
#define mn_same(what, got, want, n) mn_same_at(__FILE__, __LINE__, what, got, want, n)
void mn_same_at(const char *file, int line, const char *what, const float *got, const float *want, size_t n);

/* A path of this name in an empty folder of the running case's own; all such folders are removed at the end of
 * mn_check_main. Static text as above. */
const char *mn_scratch_path(const char *name);
/* A new folder at such a path, which stays valid for the whole case, while other paths take turns: one a case. */
const char *mn_scratch_folder(const char *name);

/* Whole files; the test fails if they cannot be read or written. The bytes have a NUL behind them and are freed with
 * free(). */
char *mn_read(const char *path, size_t *opt_out_size);
void mn_write(const char *path, const void *bytes, size_t size);
void mn_write_text(const char *path, const char *text);
bool mn_exists(const char *path);

#endif
