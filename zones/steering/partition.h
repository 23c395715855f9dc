/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space cut into the parts that some policies tell apart: numbers in a trie,
 * and for each policy the class of every number. Classes are computed per policy and
 * number, never per policy and place.
 *
 *   place → cell (what is tested of it)          a trie of cells: the base, folded
 *   (cell, longest written net) → number         the same, overlaid with the nets that
 * rules write
 */
#ifndef ZONES_STEERING_PARTITION_H
#define ZONES_STEERING_PARTITION_H
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct geo_base;
struct nearest;
struct tested;
struct trie;

enum { PARTITION_NEAREST_MAX = 4 };

struct partition;

/* Of rules: takes tested (even on failure). ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum status partition_by_rules(const struct geo_base *base,
                                          struct tested *tested,
                                          struct partition **ret_partition);
/* By distance: nearests (at most PARTITION_NEAREST_MAX, borrowed) get the classes of all
 * places of the base. */
MUST_CHECK enum status partition_by_distance(const struct geo_base *base,
                                             struct nearest *const *nearests,
                                             size_t count,
                                             struct partition **ret_partition);
void partition_free(struct partition *partition); /* NULL is fine */

/* The trie of numbers; NULL once it was dropped. */
const struct trie *partition_trie(const struct partition *partition);
void partition_drop_trie(struct partition *partition);
size_t partition_count(const struct partition *partition);
const struct tested *partition_tested(const struct partition *partition);

/* By rules: the class of every number. rule_class: of each rule; what is tested of the
 * policy must be in the partition. ERR_NOMEM. */
MUST_CHECK enum status partition_rule_classes(const struct partition *partition,
                                              const struct policy *policy,
                                              const uint32_t *rule_class,
                                              uint32_t *ret_classes);
/* By distance: the same of nearests[index]. */
void partition_distance_classes(const struct partition *partition, size_t index,
                                uint32_t *ret_classes);

#endif
