/* SPDX-License-Identifier: BSD-2-Clause */
/* Which earlier rule already holds all of a word or a net: finds rules that are never
 * reached. */
#ifndef ZONES_STEERING_COVER_H
#define ZONES_STEERING_COVER_H
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct cover; /* all words and nets of some rules, sorted; the rules are borrowed */

/* ERR_NOMEM. */
MUST_CHECK enum status cover_new(const struct rule *rules, size_t count,
                                 struct cover **ret_cover);
void cover_free(struct cover *cover); /* NULL is fine */
/* The first rule before `rule` with a word that holds all of `word`; *ret_wide is that
 * word. SIZE_MAX: none. */
size_t cover_of_word(const struct cover *cover, const struct place_word *word,
                     size_t rule, struct place_word *ret_wide);
/* The same for a net. */
size_t cover_of_net(const struct cover *cover, const struct prefix *net, size_t rule,
                    struct prefix *ret_wide);

/* Warns of every rule that can never be reached: all of its words and nets lie in earlier
 * rules, or an earlier rule is for everyone. `where` begins each message. ERR_NOMEM. */
MUST_CHECK enum status cover_warn(const struct rule *rules, size_t count,
                                  const char *where, struct diag *diag);

#endif
