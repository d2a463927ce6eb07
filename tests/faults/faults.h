/* faults.h - making the n-th allocation, system call or thread fail, and counting what is left behind */
/* SPDX-License-Identifier: MIT */
#ifndef MN_FAULTS_H
#define MN_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * faults.c defines malloc, open, write... in front of those of the C library. It is linked into the test program, so
 * that all code of the process calls it, jansson and zlib included. While nothing is set it passes every call on.
 *
 * MEMORY   malloc calloc realloc aligned_alloc posix_memalign
 * IO       open read write fsync close rename stat fstat lstat readlink fchmod faccessat; unlink never fails: it is
 *          what cleans up
 * THREAD   pthread_create
 */
typedef enum mn_fault_kind { MN_FAULT_NONE, MN_FAULT_MEMORY, MN_FAULT_IO, MN_FAULT_THREAD } mn_fault_kind;

/* In place of an errno: read and write do one byte only, all other calls work. */
enum { MN_FAULT_SHORT = -1 };

/* From here on calls of this kind are counted, from 1; the n-th fails with this errno (n = 0: none), and if
 * `persistent` all later ones. EINTR strikes open, read, write, fsync and close only, which are those that a signal
 * interrupts. */
void mn_faults_set(mn_fault_kind kind, int64_t n, bool persistent, int error);
/* All calls work again. Returns how many failed. */
int64_t mn_faults_reset(void);
/* Calls since mn_faults_set. */
int64_t mn_faults_count(void);

/* Blocks allocated and not freed; descriptors opened and not closed, by the calls above. */
int64_t mn_faults_blocks(void);
int64_t mn_faults_files(void);

#endif
