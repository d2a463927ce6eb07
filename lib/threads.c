/* threads.c - a few threads that share out the parts of one task after another */
/* SPDX-License-Identifier: MIT */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "kernels/kernels.h"
#include "mem.h"

/*
 * The parts of a job lie in lanes, one for each thread, neighbours in the same one: a thread works in its own lane,
 * where it finds the data that it had in the same parts of the job before, and then in those of others that are slower.
 * A lane's `claims` has the job's number in the high 32 bits, the next part to be claimed in the low ones. A part is
 * claimed by a compare-and-swap of the whole word. That succeeds only while that job is the current one and has parts
 * left, so a thread that was asleep for a job never touches the next one with old data, and the caller need not wait
 * for threads that claimed nothing: a helper that gets no processor costs nothing but its share. While the other fields
 * change, the low half is CLOSED.
 *
 * A way from core to core takes longer than many a part. So all that a helper has to know lies in the one cache line
 * that it watches, helpers count what they have done in another one, which the caller only reads, and the caller has
 * its first part without claiming it, while what it has told the others is still on the way.
 */
#define CLOSED UINT64_C(0xFFFFFFFF)

/* Far enough apart that no two share a cache line, nor the pair of lines that is fetched together. */
enum { LINES = 128 };

typedef struct lane {
    _Atomic uint64_t claims;
    _Atomic int64_t end; /* the part behind its last one */
    _Atomic(mn_task) task;
    _Atomic(void *) context;
    char apart[LINES - sizeof(uint64_t) - sizeof(int64_t) - 2 * sizeof(void *)];
} lane;

/*
 * A thread that waits spins for some 60 us, then offers its processor to others for some 100 us, then sleeps. The offer
 * costs nothing where every thread has a processor, and the next job of a step comes before anybody sleeps. Where there
 * are too few, the thread that is waited for, perhaps with the last part, runs at once and not after a time slice.
 */
enum { SPINS = 4000, YIELDS = 200, LAST_LOOKS = 100 };

struct mn_threads {
    int32_t count;   /* the caller's thread included */
    int32_t started; /* helpers that run */
    uint32_t born;   /* forks before it: a forked child has the memory but not the threads */
    pthread_t *ids;

    lane *lanes; /* [count], the caller's first */

    pthread_mutex_t lock;   /* for sleeping only */
    pthread_cond_t work;    /* helpers sleep here */
    pthread_cond_t ready;   /* the caller sleeps here */
    _Atomic int32_t asleep; /* helpers that sleep or are about to */
    _Atomic bool waiting;   /* the caller does */
    _Atomic bool stop;

    /* What others write meanwhile lies apart from what is read: each read would have to wait for its line. */
    char apart_1[LINES];
    uint64_t job; /* the number of the last one. Only the caller's, as the next one */
    int64_t due;  /* what `helped` was behind the last one */
    char apart_2[LINES];
    _Atomic int64_t helped; /* parts that helpers have done, of all jobs. The caller watches it */
    char apart_3[LINES];
};

/* Forks that lie between this process and the one that made the first pool: process numbers may come again. */
static _Atomic uint32_t forks;
static pthread_once_t watched = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork);
}

static bool is_ours(const mn_threads *t)
{
    return t->born == atomic_load_explicit(&forks, memory_order_relaxed);
}

typedef struct helper_start {
    mn_threads *threads;
    int32_t worker;
} helper_start;

void mn_threads_pause(int turn)
{
    if (turn >= SPINS) {
        sched_yield();
        return;
    }
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* The first part of a lane. The caller's has one; where there are fewer parts than lanes no other has more. */
static int64_t lane_start(const mn_threads *t, int32_t at, int64_t parts)
{
    return mn_ceil_div(parts * at, t->count);
}

/* Claims parts of a lane and does them until none is left; returns how many. What `claims` was at the end goes to
 * *out_seen. */
static int64_t work_in_lane(lane *l, int32_t worker, uint64_t *out_seen)
{
    for (int64_t done = 0;;) {
        uint64_t seen = *out_seen = atomic_load(&l->claims);
        const int64_t part = (int64_t)(seen & CLOSED);
        if ((seen & CLOSED) == CLOSED || part >= atomic_load_explicit(&l->end, memory_order_acquire))
            return done;
        mn_task task = atomic_load_explicit(&l->task, memory_order_acquire);
        void *context = atomic_load_explicit(&l->context, memory_order_acquire);
        if (!atomic_compare_exchange_weak(&l->claims, &seen, seen + 1))
            continue;
        task(context, part, worker);
        done++;
    }
}

/* Works for a helper as long as there is something to do; returns what it saw in its own lane at the end. */
static uint64_t work_on(mn_threads *t, int32_t worker)
{
    uint64_t seen, theirs;
    for (int32_t i = 0; i < t->count; i++) {
        const int64_t done = work_in_lane(&t->lanes[(worker + i) % t->count], worker, i == 0 ? &seen : &theirs);
        if (done == 0)
            continue;
        atomic_fetch_add(&t->helped, done);
        if (atomic_load(&t->waiting)) {
            pthread_mutex_lock(&t->lock);
            pthread_cond_signal(&t->ready);
            pthread_mutex_unlock(&t->lock);
        }
    }
    return seen;
}

/* Whether a lane has been opened since it was found empty. */
static bool has_work(const lane *l, uint64_t seen)
{
    const uint64_t claims = atomic_load(&l->claims);
    return claims != seen && (claims & CLOSED) != CLOSED;
}

static void wait_for_work(mn_threads *t, const lane *own, uint64_t seen)
{
    for (int i = 0; i < SPINS + YIELDS; i++) {
        if (has_work(own, seen))
            return;
        mn_threads_pause(i);
    }
    atomic_fetch_add(&t->asleep, 1);
    for (int i = 0; i < LAST_LOOKS && !has_work(own, seen); i++) /* see `wake` */
        mn_threads_pause(i);
    pthread_mutex_lock(&t->lock);
    while (!has_work(own, seen) && !atomic_load(&t->stop))
        pthread_cond_wait(&t->work, &t->lock);
    pthread_mutex_unlock(&t->lock);
    atomic_fetch_sub(&t->asleep, 1);
}

static void *help(void *argument)
{
    helper_start start = *(helper_start *)argument;
    mn_free(argument);
    (void)mn_denormals_flush();
    while (!atomic_load(&start.threads->stop)) {
        const uint64_t seen = work_on(start.threads, start.worker);
        wait_for_work(start.threads, &start.threads->lanes[start.worker], seen);
    }
    return NULL;
}

void mn_threads_destroy(mn_threads *t)
{
    if (!t)
        return;
    if (is_ours(t)) {
        pthread_mutex_lock(&t->lock);
        atomic_store(&t->stop, true);
        pthread_cond_broadcast(&t->work);
        pthread_mutex_unlock(&t->lock);
        for (int32_t i = 0; i < t->started; i++)
            pthread_join(t->ids[i], NULL);
        pthread_cond_destroy(&t->work);
        pthread_cond_destroy(&t->ready);
        pthread_mutex_destroy(&t->lock);
    }
    mn_free(t->lanes);
    mn_free(t->ids);
    mn_free(t);
}

static mirnet_status start_helper(mn_threads *t)
{
    helper_start *start = mn_calloc(1, sizeof(*start));
    if (!start)
        return MIRNET_ERR_NOMEM;
    *start = (helper_start){t, t->started + 1};
    if (pthread_create(&t->ids[t->started], NULL, help, start) != 0) {
        mn_free(start);
        return mn_fail(MIRNET_ERR_SYSTEM, "thread %d of %d cannot be started", t->started + 2, t->count);
    }
    t->started++;
    return MIRNET_OK;
}

mirnet_status mn_threads_create(mn_threads **out, int32_t count)
{
    *out = NULL;
    if (count <= 1)
        return MIRNET_OK;
    mn_threads *t = mn_calloc(1, sizeof(*t));
    if (!t)
        return MIRNET_ERR_NOMEM;
    pthread_once(&watched, watch_forks);
    t->ids = mn_calloc((size_t)count, sizeof(*t->ids));
    t->lanes = (lane *)(void *)mn_floats((size_t)count * sizeof(*t->lanes) / sizeof(float)); /* where a line begins */
    if (!t->ids || !t->lanes) {
        mn_free(t->ids);
        mn_free(t->lanes);
        mn_free(t);
        return MIRNET_ERR_NOMEM;
    }
    t->count = count;
    t->born = atomic_load(&forks);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->ready, NULL);
    while (t->started < count - 1) {
        mirnet_status status = start_helper(t);
        if (status != MIRNET_OK) {
            mn_threads_destroy(t);
            return status;
        }
    }
    *out = t;
    return MIRNET_OK;
}

int32_t mn_threads_count(const mn_threads *threads)
{
    return threads ? threads->count : 1;
}

/* Wakes who sleeps. What was published a moment ago may still be on the way, and somebody fall asleep meanwhile unseen:
 * waiting for it here would cost every job as much as the way. So who falls asleep looks for longer than that takes. If
 * somebody is missed for all that, the caller does what he would have done. */
static void wake(mn_threads *t)
{
    if (atomic_load_explicit(&t->asleep, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&t->lock);
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
}

/* Opens the lanes; the first part is taken. */
static void publish(mn_threads *t, mn_task task, void *context, int64_t parts)
{
    const uint64_t job = ++t->job << 32;
    for (int32_t i = t->count - 1; i >= 0; i--) {
        lane *l = &t->lanes[i];
        const uint64_t first = (uint64_t)(i == 0 ? 1 : lane_start(t, i, parts));
        /* Who sees one of these has to see those in front of it. */
        atomic_store_explicit(&l->claims, job | CLOSED, memory_order_release);
        atomic_store_explicit(&l->end, lane_start(t, i + 1, parts), memory_order_release);
        atomic_store_explicit(&l->task, task, memory_order_release);
        atomic_store_explicit(&l->context, context, memory_order_release);
        atomic_store_explicit(&l->claims, job | first, memory_order_release);
    }
}

/* Does what is left to claim; returns how many parts that were. */
static int64_t work_along(mn_threads *t)
{
    int64_t done = 0;
    uint64_t seen;
    for (int32_t i = 0; i < t->count; i++)
        done += work_in_lane(&t->lanes[i], 0, &seen);
    return done;
}

/* Waits until helpers have done so many parts, of all jobs. */
static void wait_until_helped(mn_threads *t, int64_t parts)
{
    for (int i = 0; i < SPINS + YIELDS; i++) {
        if (atomic_load(&t->helped) == parts)
            return;
        mn_threads_pause(i);
    }
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->waiting, true);
    while (atomic_load(&t->helped) != parts)
        pthread_cond_wait(&t->ready, &t->lock);
    atomic_store(&t->waiting, false);
    pthread_mutex_unlock(&t->lock);
}

void mn_threads_run(mn_threads *threads, mn_task task, void *context, int64_t parts)
{
    if (!threads || parts <= 1 || parts >= (int64_t)CLOSED || !is_ours(threads)) {
        for (int64_t part = 0; part < parts; part++)
            task(context, part, 0);
        return;
    }
    publish(threads, task, context, parts);
    wake(threads);
    task(context, 0, 0);
    wake(threads);
    threads->due += parts - 1 - work_along(threads);
    wait_until_helped(threads, threads->due);
}
