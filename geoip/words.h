/* SPDX-License-Identifier: BSD-2-Clause */
/* Place words as users write them: "country:DE", "EU-DE", "asn:64500",
 * "net:198.51.100.0/24" … */
#ifndef GEOIP_WORDS_H
#define GEOIP_WORDS_H
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>

struct place;

/* From wide to narrow: a higher kind is more specific (among nets, the longer prefix). A
 * region is a name for a set, resolved by routing. */
enum place_kind {
    PLACE_WORD_GLOBAL,
    PLACE_WORD_REGION,
    PLACE_WORD_CONTINENT,
    PLACE_WORD_COUNTRY,
    PLACE_WORD_SUBDIVISION,
    PLACE_WORD_ASN,
    PLACE_WORD_TAG,
    PLACE_WORD_NET
};
enum { PLACE_NAME_SIZE = 64, PLACE_WORD_TEXT_SIZE = 80 };

struct place_word {
    enum place_kind kind;
    char name[PLACE_NAME_SIZE]; /* code, tag or region name; "" for global, asn, net */
    uint32_t asn;
    struct prefix net;
};

/* Parses one word. On ERR_FORMAT *ret_problem is a sentence that suggests the right word
 * where there is one ("a bare country is ambiguous: write 'country:DE'"); on OK it is a
 * warning ("Turkey is in AS: write 'AS-TR'") or "". problem_size at least 160. Codes are
 * upper-cased by no one: "country:de" is an error that suggests country:DE. Countries
 * must be ISO 3166-1; subdivisions must begin with one. */
MUST_CHECK enum status place_word_parse(const char *text, struct place_word *ret_word,
                                        char *ret_problem, size_t problem_size);
/* Canonical text ("country:DE"); returns buffer. */
const char *place_word_text(const struct place_word *word,
                            char buffer[PLACE_WORD_TEXT_SIZE]);
bool place_word_equal(const struct place_word *a, const struct place_word *b);
/* Total order: wide before narrow, then by content. */
int place_word_compare(const struct place_word *a, const struct place_word *b);
/* Does the place lie within the word? tags: the base's tag names by number (place->tag).
 * Never true for nets and regions: those are matched by address and by routing. The
 * global word holds every place. */
bool place_word_holds(const struct place_word *word, const struct place *place,
                      const char *const *tags);
/* Is everything in `narrow` certainly within `wide`? (country:RU covers
 * subdivision:RU-MOW; continent:EU covers country:DE; nets by prefix; global covers all;
 * equal words cover each other.) */
bool place_word_covers(const struct place_word *wide, const struct place_word *narrow);
/* The place a client has of whom only this word is known: country:RU → {EU, RU}; asn,
 * tag: only that. tags as above. False for nets and regions. */
bool place_word_to_place(const struct place_word *word, const char *const *tags,
                         size_t tag_count, struct place *ret_place);

#endif
