/* SPDX-License-Identifier: BSD-2-Clause */
/* A class is an ordered list of at most four pools: sixteen bits each (index + 1) in one
 * key. */
#include "zones/steering/nearest.h"
#include "zones/steering/intern.h"
#include <stdlib.h>

struct nearest {
    struct intern orders; /* number + 1 is the class */
    size_t pool_count, keep;
    struct location *locations; /* [pool_count], owned */
    int *bias;                  /* [pool_count], owned */
};

/* A pool is where its first server with a location is; routing has made sure that there
 * is one. */
static struct location
pool_location(const struct pool *pool)
{
    for (size_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].server->has_location)
            return pool->members[i].server->location;
    return (struct location){ 0 };
}

enum status
nearest_new(const struct policy *policy, struct nearest **ret_nearest)
{
    struct nearest *nearest = calloc(1, sizeof(*nearest));

    if (!nearest)
        return ERR_NOMEM;
    intern_init(&nearest->orders);
    nearest->pool_count = policy->pool_count;
    nearest->keep = policy->keep < DISTANCE_KEEP_MAX ? policy->keep : DISTANCE_KEEP_MAX;
    nearest->locations = calloc(policy->pool_count + 1, sizeof(*nearest->locations));
    nearest->bias = calloc(policy->pool_count + 1, sizeof(*nearest->bias));
    if (!nearest->locations || !nearest->bias) {
        nearest_free(nearest);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < policy->pool_count; i++) {
        nearest->locations[i] = pool_location(policy->pools[i]);
        nearest->bias[i] = policy->bias ? policy->bias[i] : 0;
    }
    *ret_nearest = nearest;
    return OK;
}

void
nearest_free(struct nearest *nearest)
{
    if (!nearest)
        return;
    intern_done(&nearest->orders);
    free(nearest->locations);
    free(nearest->bias);
    free(nearest);
}

/* Insertion into the best few; of equal distances the pool named first stays first. */
static uint64_t
order_key(const struct nearest *nearest, const struct place *place)
{
    const struct location here = { (double)place->latitude, (double)place->longitude };
    double best[DISTANCE_KEEP_MAX];
    size_t pools[DISTANCE_KEEP_MAX] = { 0 };
    size_t count = 0;
    uint64_t key = 0;

    for (size_t i = 0; i < nearest->pool_count; i++) {
        const double km =
            distance_biased(distance_km(&here, &nearest->locations[i]), nearest->bias[i]);
        size_t at = count;

        while (at && best[at - 1] > km)
            at--;
        if (at == nearest->keep)
            continue;
        if (count < nearest->keep)
            count++;
        for (size_t j = count - 1; j > at; j--) {
            best[j] = best[j - 1];
            pools[j] = pools[j - 1];
        }
        best[at] = km;
        pools[at] = i;
    }
    for (size_t i = count; i-- > 0;)
        key = key << 16 | (pools[i] + 1);
    return key;
}

enum status
nearest_class(struct nearest *nearest, const struct place *place, uint32_t *ret_class)
{
    uint32_t number = 0;

    if (!place->has_location) {
        *ret_class = 0;
        return OK;
    }
    const enum status status =
        intern_number(&nearest->orders, order_key(nearest, place), &number);
    if (status == OK)
        *ret_class = number + 1;
    return status;
}

uint32_t
nearest_find(const struct nearest *nearest, const struct place *place)
{
    if (!place->has_location)
        return 0;
    return intern_find(&nearest->orders, order_key(nearest, place)) +
           1; /* none: UINT32_MAX + 1 */
}

size_t
nearest_count(const struct nearest *nearest)
{
    return nearest->orders.count + 1;
}

size_t
nearest_pools(const struct nearest *nearest, uint32_t class_id,
              uint16_t ret_pools[DISTANCE_KEEP_MAX])
{
    uint64_t key = nearest->orders.keys[class_id - 1];
    size_t count = 0;

    for (; key; key >>= 16)
        ret_pools[count++] = (uint16_t)((key & 0xffff) - 1);
    return count;
}
