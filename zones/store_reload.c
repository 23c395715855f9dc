/* SPDX-License-Identifier: BSD-2-Clause */
/* A reload that was asked for: the data lane's work, then a look at the health folder,
 * then the reply. */
#include "zones/store_lanes.h"
#include <stdlib.h>
#include <string.h>

/* A queued reload, with copies of all that it names. */
struct reload_job {
    struct store *store;
    struct store_reload reload;
    struct diag config_said; /* what reload.said is of */
    char **zones;
    enum status status; /* of the data lane; what it said */
    struct diag said;
};

static void
free_job(struct reload_job *job)
{
    for (size_t i = 0; job->zones && job->zones[i]; i++)
        free(job->zones[i]);
    free(job->zones);
    if (job->reload.config)
        part_drop(&job->reload.config->part);
    diag_done(&job->config_said);
    diag_done(&job->said);
    free(job);
}

/* Both lanes are through: whoever asked is told what both said. */
static void
finish_reload(void *context, const struct store_result *health)
{
    struct reload_job *const job = context;

    if (health)
        diag_append(&job->said, health->diag);
    const struct store_result result = { .status = job->status != OK || !health
                                                       ? job->status
                                                       : health->status,
                                         .diag = &job->said };
    if (job->reload.done)
        job->reload.done(job->reload.context, &result);
    free_job(job);
}

static void
run_reload(void *context)
{
    struct reload_job *const job = context;
    struct store *const store = job->store;
    const struct routing *const before = store->data.routing;

    job->status = store_data_load(store, &job->reload, false, &job->said);
    /* Regions in documents' scopes and the pools' members come from routing. */
    if (!job->reload.done && store->data.routing == before) {
        free_job(job);
        return;
    }
    if (store_health_post(store, true, finish_reload, job) == OK)
        return;
    job->status = ERR_NOMEM;
    finish_reload(job, NULL);
}

static enum status
copy_zones(struct reload_job *job, const char *const *zones)
{
    size_t count = 0;

    while (zones && zones[count])
        count++;
    if (count == 0)
        return OK;
    job->zones = calloc(count + 1, sizeof(*job->zones));
    for (size_t i = 0; job->zones && i < count; i++) {
        job->zones[i] = strdup(zones[i]);
        if (!job->zones[i])
            return ERR_NOMEM;
    }
    job->reload.zones = (const char *const *)job->zones;
    return job->zones ? OK : ERR_NOMEM;
}

enum status
store_reload(struct store *store, const struct store_reload *reload)
{
    struct reload_job *const job = calloc(1, sizeof(*job));

    if (!job)
        return ERR_NOMEM;
    job->store = store;
    job->reload = *reload;
    job->reload.zones = NULL;
    diag_init(&job->config_said);
    diag_init(&job->said);
    if (reload->said) {
        diag_append(&job->config_said, reload->said);
        job->reload.said = &job->config_said;
    }
    if (job->reload.config)
        part_hold(&job->reload.config->part);
    enum status status = copy_zones(job, reload->zones);
    if (status == OK)
        status = lane_post(store->data_lane, run_reload, job);
    if (status != OK)
        free_job(job);
    return status;
}
