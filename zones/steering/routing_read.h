/* SPDX-License-Identifier: BSD-2-Clause */
/* How routing.yaml is read, for the files routing*.c only. First the names of every
 * section of every file are collected, then each section is read in an order in which it
 * can look up what it refers to: servers, services, regions, pools, policies,
 * geo_routing. */
#ifndef ZONES_STEERING_ROUTING_READ_H
#define ZONES_STEERING_ROUTING_READ_H
#include "dns/base/yaml.h"
#include "zones/steering/names.h"
#include "zones/steering/routing.h"

struct place_set;

enum { ROUTING_NAME_MAX = 63, ROUTING_WHERE_SIZE = 160, ROUTING_WHAT_SIZE = 240 };

enum routing_section {
    SECTION_SERVERS,
    SECTION_SERVICES,
    SECTION_REGIONS,
    SECTION_POOLS,
    SECTION_POLICIES,
    SECTIONS
};

/* An address and the server that owns it. */
struct routing_owned {
    struct addr addr;
    const struct server *server;
};

struct routing {
    struct part part;
    struct arena *arena; /* owned; everything below lies in it */
    struct server *servers;
    size_t server_count;
    struct names server_names;
    struct routing_owned *owned; /* sorted by address */
    size_t owned_count;
    struct names host_names; /* host → index into hosts */
    const struct server **hosts;
    struct service *services;
    size_t service_count;
    struct names service_names;
    struct region *regions;
    struct place_set *region_sets; /* while reading only */
    size_t region_count;
    struct names region_names;
    struct pool *pools;
    struct policy *pool_policies; /* parallel to pools */
    size_t pool_count;
    struct names pool_names;
    struct policy *policies;
    size_t policy_count;
    struct names policy_names;
    const char **files;
    size_t file_count;
};

/* One entry of a section: its key is the name. */
struct routing_entry {
    const char *name; /* in the arena */
    const struct yaml_node *node;
    struct diag_at at; /* of the key; file in the arena */
};

struct routing_entries {
    struct routing_entry *items; /* malloced */
    size_t count, capacity;
};

/* One entry of geo_routing. */
struct routing_geo {
    const struct yaml_node *region;
    const struct server *server; /* NULL where it is wrong */
    const struct pool *pool;
    struct diag_at at;
};

struct routing_reader {
    struct routing *routing;
    struct arena *arena; /* the routing's */
    struct diag *diag;   /* never NULL */
    struct routing_entries sections[SECTIONS];
    const struct yaml_node *geo_routing; /* a list; NULL: none */
    struct routing_geo *geo;             /* in the arena */
    size_t geo_count;
    bool partial;       /* a file could not be read: names that it has are not known */
    bool loops;         /* fallbacks go round: chains cannot be made */
    const char **files; /* names of files kept for struct diag_at; malloced */
    size_t file_count, file_capacity;
};

/* What is being read, for messages. The first member of every object that yaml_read_map
 * fills here. */
struct routing_item {
    struct routing_reader *reader;
    char where[ROUTING_WHERE_SIZE]; /* "pool 'europe'" */
    char what[ROUTING_WHAT_SIZE];
};

/* "pool 'europe': min_up", in item->what. */
const char *routing_what(struct routing_item *item, const char *key);
/* Sets item->where, printf style. */
void routing_where(struct routing_item *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A copy of a place whose file name lives in the arena ("?" when out of memory). */
struct diag_at routing_keep_at(struct routing_reader *reader, struct diag_at at);
/* A scalar that names something of a section: its number, or an error with a suggestion.
 * ERR_INVALID. */
MUST_CHECK enum status routing_refer(struct routing_item *item,
                                     const struct yaml_node *node, const char *kind,
                                     const struct names *names, size_t *ret_number);
/* Reports a name that may not be one: too long, blanks, control characters, '/'. */
MUST_CHECK enum status routing_check_name(struct routing_reader *reader, const char *kind,
                                          const struct yaml_node *key);
/* "example.com" or "example.com." → "example.com." in lower case. ERR_INVALID: reported.
 */
MUST_CHECK enum status routing_read_host(struct routing_item *item, const char *what,
                                         const struct yaml_node *node,
                                         const char **ret_host);

/* Each reads one section; ERR_NOMEM stops, all else is reported to reader->diag. */
MUST_CHECK enum status routing_read_servers(struct routing_reader *reader);
MUST_CHECK enum status routing_read_services(struct routing_reader *reader);
MUST_CHECK enum status routing_read_regions(struct routing_reader *reader);
MUST_CHECK enum status routing_read_pools(struct routing_reader *reader);
MUST_CHECK enum status routing_read_policies(struct routing_reader *reader);

/* Makes (again) the index of who owns an address; one that two servers have is warned of.
 * ERR_NOMEM. */
MUST_CHECK enum status routing_index_addresses(struct routing *routing,
                                               struct diag *diag);

/* A word or `region:NAME`, added to a set. */
MUST_CHECK enum status routing_add_word(struct routing_item *item, const char *what,
                                        const struct yaml_node *node,
                                        struct place_set *set);
/* The region that a scalar names, added to a set. */
MUST_CHECK enum status routing_add_region(struct routing_item *item, const char *what,
                                          const struct yaml_node *node,
                                          struct place_set *set);

/* `by: distance`. The entry's policy is filled. */
MUST_CHECK enum status routing_read_distance(struct routing_reader *reader,
                                             const struct routing_entry *entry,
                                             struct policy *policy);
/* A list of rules. */
MUST_CHECK enum status routing_read_rules(struct routing_reader *reader,
                                          const struct routing_entry *entry,
                                          struct policy *policy);
/* Pools as a rule names them. */
struct routing_pools {
    const struct pool *const *pools;
    size_t count;
    bool only; /* no fallback is followed */
};

/* A list of pools (or one) as pointers in the arena. ERR_INVALID: reported. */
MUST_CHECK enum status routing_read_pool_list(struct routing_item *item, const char *what,
                                              const struct yaml_node *node,
                                              struct routing_pools *ret_pools);
/* Pools as one chain; too long a chain is reported at `node`. */
MUST_CHECK enum status routing_make_chain(struct routing_item *item,
                                          const struct yaml_node *node,
                                          const struct routing_pools *pools,
                                          struct chain *ret_chain);

/* geo_routing, the short form, in two steps: its hosts as servers, when the servers were
 * read; then its pools, and last its policy. */
MUST_CHECK enum status routing_geo_servers(struct routing_reader *reader);
MUST_CHECK enum status routing_geo_pools(struct routing_reader *reader);
MUST_CHECK enum status routing_geo_policy(struct routing_reader *reader);

#endif
