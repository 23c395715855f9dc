/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rule holds a client: the plain, slow form of what classes.c folds into maps. */
#include "zones/steering/policy.h"

static bool
holds_net(const struct rule *rule, const struct prefix *net)
{
    for (size_t i = 0; i < rule->subnet_count; i++)
        if (prefix_covers(&rule->subnets[i], net))
            return true;
    return false;
}

static bool
holds_place(const struct rule *rule, const struct place *place, const char *const *tags)
{
    if (rule->everyone)
        return true;
    for (size_t i = 0; i < rule->word_count; i++)
        if (place_word_holds(&rule->words[i], place, tags))
            return true;
    return false;
}

size_t
policy_rule_of(const struct policy *policy, const struct place *place,
               const char *const *tags, const struct prefix *net)
{
    if (policy->subnets_first && net)
        for (size_t i = 0; i < policy->rule_count; i++)
            if (holds_net(&policy->rules[i], net))
                return i;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        if (holds_place(rule, place, tags) || (net && holds_net(rule, net)))
            return i;
    }
    return policy->rule_count - 1;
}
