/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/lane.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct lane_job {
    struct lane_job *next;
    lane_fn run;
    void *context;
};

struct lane {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct lane_job *first; /* oldest */
    struct lane_job **last;
    lane_fn tick;
    void *tick_context;
    int64_t tick_s; /* 0: never */
    bool stopping;
};

/* Waits for a job, the tick or the end. Called with the mutex held. */
static void
lane_wait(struct lane *lane)
{
    if (lane->tick_s == 0) {
        pthread_cond_wait(&lane->wake, &lane->mutex);
        return;
    }
    const struct timespec until = { .tv_sec = lane->tick_s, .tv_nsec = 0 };
    pthread_cond_timedwait(&lane->wake, &lane->mutex, &until);
}

static bool
tick_is_due(struct lane *lane)
{
    if (lane->tick_s == 0 || lane->tick_s > time(NULL))
        return false;
    lane->tick_s = 0;
    return true;
}

static void
run_first(struct lane *lane)
{
    struct lane_job *const job = lane->first;

    lane->first = job->next;
    if (!lane->first)
        lane->last = &lane->first;
    pthread_mutex_unlock(&lane->mutex);
    job->run(job->context);
    free(job);
    pthread_mutex_lock(&lane->mutex);
}

static void *
lane_main(void *context)
{
    struct lane *const lane = context;

    pthread_mutex_lock(&lane->mutex);
    while (lane->first || !lane->stopping) {
        if (lane->first) {
            run_first(lane);
        } else if (tick_is_due(lane)) {
            pthread_mutex_unlock(&lane->mutex);
            lane->tick(lane->tick_context);
            pthread_mutex_lock(&lane->mutex);
        } else {
            lane_wait(lane);
        }
    }
    pthread_mutex_unlock(&lane->mutex);
    return NULL;
}

enum status
lane_start(const char *name, lane_fn tick, void *context, struct lane **ret_lane)
{
    struct lane *const lane = calloc(1, sizeof(*lane));

    if (!lane)
        return ERR_NOMEM;
    lane->last = &lane->first;
    lane->tick = tick;
    lane->tick_context = context;
    pthread_mutex_init(&lane->mutex, NULL);
    pthread_cond_init(&lane->wake, NULL); /* CLOCK_REALTIME: ticks are Unix times */
    if (pthread_create(&lane->thread, NULL, lane_main, lane) != 0) {
        pthread_cond_destroy(&lane->wake);
        pthread_mutex_destroy(&lane->mutex);
        free(lane);
        return ERR_IO;
    }
    pthread_setname_np(lane->thread, name);
    *ret_lane = lane;
    return OK;
}

void
lane_stop(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->mutex);
    lane->stopping = true;
    pthread_cond_signal(&lane->wake);
    pthread_mutex_unlock(&lane->mutex);
    pthread_join(lane->thread, NULL);
    pthread_cond_destroy(&lane->wake);
    pthread_mutex_destroy(&lane->mutex);
    free(lane);
}

enum status
lane_post(struct lane *lane, lane_fn job, void *context)
{
    if (!lane)
        return ERR_IO;
    struct lane_job *const entry = malloc(sizeof(*entry));

    if (!entry)
        return ERR_NOMEM;
    *entry = (struct lane_job){ .run = job, .context = context };
    pthread_mutex_lock(&lane->mutex);
    *lane->last = entry;
    lane->last = &entry->next;
    pthread_cond_signal(&lane->wake);
    pthread_mutex_unlock(&lane->mutex);
    return OK;
}

void
lane_set_tick(struct lane *lane, int64_t unix_s)
{
    pthread_mutex_lock(&lane->mutex);
    lane->tick_s = unix_s;
    pthread_cond_signal(&lane->wake);
    pthread_mutex_unlock(&lane->mutex);
}
