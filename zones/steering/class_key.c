/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys: content laid out as bytes. */
#include "zones/steering/class_key.h"
#include "dns/base/array.h"
#include "geoip/base.h"
#include "geoip/trie.h"
#include <stdlib.h>
#include <string.h>

static const uint64_t fnv_start = 0xcbf29ce484222325ULL;
static const uint64_t fnv_prime = 0x100000001b3ULL;

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * fnv_prime;
    return hash;
}

/* ---- policies --------------------------------------------------------------------- */

static enum status
put(struct class_key *key, const void *bytes, size_t len)
{
    const enum status status =
        array_reserve(&key->bytes, &key->capacity, key->len + len, sizeof(*key->bytes));

    if (status == OK && len) {
        memcpy(key->bytes + key->len, bytes, len);
        key->len += len;
    }
    return status;
}

static enum status
put_u32(struct class_key *key, size_t value)
{
    const uint32_t small = (uint32_t)value;

    return put(key, &small, sizeof(small));
}

static enum status
put_word(struct class_key *key, const struct place_word *word)
{
    enum status status = put_u32(key, (size_t)word->kind);

    if (status == OK)
        status = word->kind == PLACE_WORD_ASN
                     ? put_u32(key, word->asn)
                     : put(key, word->name, strlen(word->name) + 1);
    return status;
}

static enum status
put_net(struct class_key *key, const struct prefix *net)
{
    enum status status = put(key, &net->addr.family, sizeof(net->addr.family));

    if (status == OK)
        status = put(key, net->addr.bytes, sizeof(net->addr.bytes));
    if (status == OK)
        status = put(key, &net->len, sizeof(net->len));
    return status;
}

static enum status
put_rule(struct class_key *key, const struct rule *rule, uint32_t class_id)
{
    enum status status = put_u32(key, class_id);

    if (status == OK)
        status = put_u32(key, rule->everyone);
    if (status == OK)
        status = put_u32(key, rule->word_count);
    for (size_t i = 0; status == OK && i < rule->word_count; i++)
        status = put_word(key, &rule->words[i]);
    if (status == OK)
        status = put_u32(key, rule->subnet_count);
    for (size_t i = 0; status == OK && i < rule->subnet_count; i++)
        status = put_net(key, &rule->subnets[i]);
    return status;
}

static enum status
put_location(struct class_key *key, const struct pool *pool)
{
    for (size_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].server->has_location) {
            const struct location *location = &pool->members[i].server->location;
            const enum status status =
                put(key, &location->latitude, sizeof(location->latitude));

            return status != OK
                       ? status
                       : put(key, &location->longitude, sizeof(location->longitude));
        }
    return put_u32(key, 0);
}

static enum status
put_distance(struct class_key *key, const struct policy *policy)
{
    enum status status = put_u32(key, policy->keep);

    if (status == OK)
        status = put_u32(key, policy->pool_count);
    for (size_t i = 0; status == OK && i < policy->pool_count; i++) {
        status = put_location(key, policy->pools[i]);
        if (status == OK)
            status = put_u32(key, policy->bias ? (size_t)policy->bias[i] : 0);
    }
    return status;
}

enum status
class_key_make(const struct policy *policy, const uint32_t *rule_class,
               struct class_key *ret_key)
{
    struct class_key key = { 0 };
    enum status status = put_u32(&key, (policy->by_distance ? 2U : 0U) |
                                           (policy->subnets_first ? 1U : 0U));

    if (status == OK && policy->by_distance)
        status = put_distance(&key, policy);
    for (size_t i = 0; status == OK && !policy->by_distance && i < policy->rule_count;
         i++)
        status = put_rule(&key, &policy->rules[i], rule_class[i]);
    if (status != OK) {
        class_key_done(&key);
        return status;
    }
    key.hash = mix(fnv_start, key.bytes, key.len);
    *ret_key = key;
    return OK;
}

void
class_key_done(struct class_key *key)
{
    free(key->bytes);
    *key = (struct class_key){ 0 };
}

int
class_key_compare(const struct class_key *a, const struct class_key *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->len);
}

/* ---- bases ------------------------------------------------------------------------ */

/* Field by field: what lies between them is not defined. */
static uint64_t
mix_place(uint64_t hash, const struct place *place)
{
    hash = mix(hash, place->continent, sizeof(place->continent));
    hash = mix(hash, place->country, sizeof(place->country));
    hash = mix(hash, place->subdivision, sizeof(place->subdivision));
    hash = (hash ^ place->asn) * fnv_prime;
    hash = (hash ^ ((unsigned)place->tag << 2 | (place->special ? 2U : 0U) |
                    (place->has_location ? 1U : 0U))) *
           fnv_prime;
    hash = mix(hash, &place->latitude, sizeof(place->latitude));
    return mix(hash, &place->longitude, sizeof(place->longitude));
}

uint64_t
class_key_of_base(const struct geo_base *base)
{
    const struct place_table *places = geo_base_places(base);
    const size_t count = place_count(places);
    size_t tag_count = 0;
    const char *const *tags = geo_base_tags(base, &tag_count);
    uint64_t hash = trie_hash(geo_base_trie(base));

    for (size_t i = 0; i < count; i++)
        hash = mix_place(hash, place_get(places, (uint32_t)i));
    for (size_t i = 0; i < tag_count; i++)
        hash = mix(hash, tags[i], strlen(tags[i]) + 1);
    return hash;
}
