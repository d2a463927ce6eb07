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
 * for threads that claimed nothing: a helper that gets no processor costs nothing but its share. While the fields
 * change, the low half of every lane is CLOSED.
 */
#define CLOSED UINT64_C(0xFFFFFFFF)

/* Far enough apart that no two share a cache line, nor the pair of lines that is fetched together. */
enum { LINES = 128 };

typedef struct lane {
    _Atomic uint64_t claims;
    char apart[LINES - sizeof(uint64_t)];
} lane;

/*
 * A thread that waits spins for some 60 us, then offers its processor to others for some 100 us, then sleeps. The offer
 * costs nothing where every thread has a processor, and the next job of a step comes before anybody sleeps. Where there
 * are too few, the thread that is waited for, perhaps with the last part, runs at once and not after a time slice.
 */
enum { SPINS = 4000, YIELDS = 200 };

struct mn_threads {
    int32_t count;   /* the caller's thread included */
    int32_t started; /* helpers that run */
    uint32_t born;   /* forks before it: a forked child has the memory but not the threads */
    pthread_t *ids;

    lane *lanes; /* [count] */

    pthread_mutex_t lock;   /* for sleeping only */
    pthread_cond_t work;    /* helpers sleep here */
    pthread_cond_t ready;   /* the caller sleeps here */
    _Atomic int32_t asleep; /* helpers that sleep or are about to */
    _Atomic bool waiting;   /* the caller does */
    _Atomic bool stop;

    /* What others watch lies apart from what is written meanwhile: each write would have to wait for its line. */
    char apart_1[LINES];
    _Atomic uint64_t job; /* its number; changes when it can be worked on. Helpers watch it */
    char apart_2[LINES];
    _Atomic int64_t parts;
    _Atomic(mn_task) task;
    _Atomic(void *) context;
    char apart_3[LINES];
    _Atomic int64_t finished; /* parts of the current job. The caller watches it */
    char apart_4[LINES];
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
#endif
}

static int64_t lane_start(const mn_threads *t, int32_t at, int64_t parts)
{
    return parts * at / t->count;
}

/* Claims parts of a lane and does them until none is left; returns how many. */
static int64_t work_in_lane(mn_threads *t, int32_t at, int32_t worker)
{
    for (int64_t done = 0;;) {
        uint64_t seen = atomic_load(&t->lanes[at].claims);
        const int64_t part = (int64_t)(seen & CLOSED);
        if ((seen & CLOSED) == CLOSED || part >= lane_start(t, at + 1, atomic_load(&t->parts)))
            return done;
        mn_task task = atomic_load(&t->task);
        void *context = atomic_load(&t->context);
        if (!atomic_compare_exchange_weak(&t->lanes[at].claims, &seen, seen + 1))
            continue;
        task(context, part, worker);
        done++;
    }
}

static void work_on(mn_threads *t, int32_t worker)
{
    for (int32_t i = 0; i < t->count; i++) {
        const int64_t done = work_in_lane(t, (worker + i) % t->count, worker);
        const int64_t parts = atomic_load(&t->parts); /* still theirs: no next job comes before they are reported */
        if (done > 0 && atomic_fetch_add(&t->finished, done) + done == parts && atomic_load(&t->waiting)) {
            pthread_mutex_lock(&t->lock);
            pthread_cond_signal(&t->ready);
            pthread_mutex_unlock(&t->lock);
        }
    }
}

/* Waits until there is another job than `seen`. */
static void wait_for_work(mn_threads *t, uint64_t seen)
{
    for (int i = 0; i < SPINS + YIELDS; i++) {
        if (atomic_load_explicit(&t->job, memory_order_relaxed) != seen)
            return;
        mn_threads_pause(i);
    }
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->asleep, 1);
    while (atomic_load(&t->job) == seen && !atomic_load(&t->stop))
        pthread_cond_wait(&t->work, &t->lock);
    atomic_fetch_sub(&t->asleep, 1);
    pthread_mutex_unlock(&t->lock);
}

static void *help(void *argument)
{
    helper_start start = *(helper_start *)argument;
    mn_free(argument);
    (void)mn_denormals_flush();
    while (!atomic_load(&start.threads->stop)) {
        const uint64_t job = atomic_load(&start.threads->job);
        work_on(start.threads, start.worker);
        wait_for_work(start.threads, job);
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
    t->lanes = mn_calloc((size_t)count, sizeof(*t->lanes));
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

static void publish(mn_threads *t, mn_task task, void *context, int64_t parts)
{
    const uint64_t job = atomic_load(&t->job) + 1;
    /* Who sees one of these has to see those in front of it; only the last one must be seen before `asleep` is read. */
    for (int32_t i = 0; i < t->count; i++)
        atomic_store_explicit(&t->lanes[i].claims, job << 32 | CLOSED, memory_order_release);
    atomic_store_explicit(&t->task, task, memory_order_release);
    atomic_store_explicit(&t->context, context, memory_order_release);
    atomic_store_explicit(&t->parts, parts, memory_order_release);
    atomic_store_explicit(&t->finished, 0, memory_order_release);
    for (int32_t i = 0; i < t->count; i++)
        atomic_store_explicit(&t->lanes[i].claims, job << 32 | (uint64_t)lane_start(t, i, parts), memory_order_release);
    atomic_store(&t->job, job);
    if (atomic_load(&t->asleep) > 0) {
        pthread_mutex_lock(&t->lock);
        pthread_cond_broadcast(&t->work);
        pthread_mutex_unlock(&t->lock);
    }
}

static void wait_until_finished(mn_threads *t, int64_t parts)
{
    for (int i = 0; i < SPINS + YIELDS; i++) {
        if (atomic_load(&t->finished) == parts)
            return;
        mn_threads_pause(i);
    }
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->waiting, true);
    while (atomic_load(&t->finished) != parts)
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
    work_on(threads, 0);
    wait_until_finished(threads, parts);
}
