/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of place words while it is read: words and nets apart, as rules and regions hold
 * them; finished, each is sorted and there once. */
#ifndef ZONES_STEERING_PLACE_SET_H
#define ZONES_STEERING_PLACE_SET_H
#include "dns/base/diag.h"
#include "dns/base/status.h"
#include "geoip/words.h"

struct arena;
struct yaml_node;

struct place_set {
    struct place_word *words; /* owned until finished; no regions, no nets */
    size_t word_count, word_capacity;
    struct prefix *nets; /* owned until finished */
    size_t net_count, net_capacity;
    bool everyone; /* `global` is in it */
};

void place_set_init(struct place_set *set);
void place_set_done(struct place_set *set);
/* Adds a word: a net to the nets, `global` as everyone. Never a region. ERR_NOMEM,
 * ERR_LIMIT (PLACES_MAX). */
MUST_CHECK enum status place_set_add(struct place_set *set,
                                     const struct place_word *word);
MUST_CHECK enum status place_set_add_net(struct place_set *set, const struct prefix *net);
/* Sorts, drops repeats. */
void place_set_finish(struct place_set *set);
/* Copies of a finished set's words and nets. ERR_NOMEM. */
MUST_CHECK enum status place_set_words(const struct place_set *set, struct arena *arena,
                                       const struct place_word **ret_words);
MUST_CHECK enum status place_set_nets(const struct place_set *set, struct arena *arena,
                                      const struct prefix **ret_nets);

/* One scalar as a word; its problems are errors (ERR_INVALID) or warnings at the node. */
MUST_CHECK enum status place_set_read_word(const struct yaml_node *node,
                                           const char *where, struct diag *diag,
                                           struct place_word *ret_word);
/* One scalar as a prefix: "192.0.2.0/24" or an address. ERR_INVALID: reported. */
MUST_CHECK enum status place_set_read_net(const struct yaml_node *node, const char *where,
                                          struct diag *diag, struct prefix *ret_net);

#endif
