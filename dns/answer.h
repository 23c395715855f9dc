/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer before it is bytes: a list of ready RRsets ("pieces") and what is patched
 * into them. The answerer (zones) decides and fills it; emit copies it. Nothing here
 * allocates.
 *
 * Message offsets can be computed before anything is written, because pieces have fixed
 * lengths: 12 header | question as asked | piece 0 | piece 1 | … | OPT So a piece's owner
 * may point into the rdata of a piece before it. */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H
#include "dns/cookie.h"
#include "dns/query.h"
#include "dns/rrl.h"
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_PIECES_MAX = 64, ANSWER_SCRATCH_SIZE = 1024, ANSWER_CHAIN_MAX = 8 };

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };
enum { SECTION_COUNT = 3 };

enum rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6,
    RCODE_NOTAUTH = 9,
    RCODE_BADVERS = 16,
    RCODE_BADCOOKIE = 23
};

/* For counters and rate limits. */
enum answer_kind {
    ANSWER_POSITIVE,
    ANSWER_WILDCARD,
    ANSWER_NODATA,
    ANSWER_NXDOMAIN,
    ANSWER_REFERRAL,
    ANSWER_ERROR
};

enum rrset_flag {
    RRSET_OWNED =
        1, /* each record carries its own owner name: labels, then a fix to the apex;
              else the owner is the two bytes C0 0C, patched when it is another */
    RRSET_TWICE = 2, /* bytes hold the set twice over: any `len` bytes from a record's
                        start on are the whole set, rotated; only with stride */
};

/* A rdata name that wants additional data (RFC 1035 3.3, 2782, 9460). */
struct rrset_add {
    uint16_t offset; /* of that name in bytes */
    uint16_t pad;
    uint32_t ref; /* the answerer's: which name it is */
};

/* A ready RRset: wire records one after the other, "owner, type, class, ttl, rdlen,
 * rdata". Followed in memory by add[add_count], fix[fix_count] (16-bit offsets into bytes
 * of two-byte pointers to the zone's apex, written at copy time), then bytes: rrset_adds,
 * rrset_fixes, rrset_bytes. Immutable. Aligned to 4 bytes. */
struct rrset {
    uint32_t ttl; /* as written in bytes */
    uint16_t type;
    uint16_t count;  /* records */
    uint16_t len;    /* bytes of the set, once */
    uint16_t stride; /* bytes of each record where all are equal, else 0 */
    uint16_t fix_count;
    uint8_t add_count;
    uint8_t flags; /* enum rrset_flag */
};

static inline const struct rrset_add *
rrset_adds(const struct rrset *set)
{
    return (const struct rrset_add *)(const void *)(set + 1);
}

static inline const uint16_t *
rrset_fixes(const struct rrset *set)
{
    return (const uint16_t *)(const void *)(rrset_adds(set) + set->add_count);
}

static inline const uint8_t *
rrset_bytes(const struct rrset *set)
{
    return (const uint8_t *)(rrset_fixes(set) + set->fix_count);
}

struct piece {
    const struct rrset *set; /* borrowed from the snapshot or from the answer's scratch */
    uint32_t ttl;            /* patched into each record where it differs from set->ttl */
    uint16_t owner;          /* message offset of the owner name; 12 is the question's.
                                Below 0x4000. Ignored for RRSET_OWNED. */
    uint16_t start;          /* first byte to copy (RRSET_TWICE), else 0 */
    uint8_t section;         /* enum section; pieces come in this order */
    bool optional; /* may be left out without TC: additional data (RFC 2181 9), and where
                      a chain goes on */
};

struct answer {
    uint16_t piece_count;
    uint16_t end;   /* message offset after the last piece added; > 65535 cannot happen:
                       answer_add refuses */
    uint16_t apex;  /* message offset, in the question, of the zone's apex name */
    uint16_t rcode; /* enum rcode; above 15 needs EDNS */
    bool authoritative;
    bool truncated; /* pieces were refused for room: emit sets TC */
    uint8_t scope;  /* ECS SCOPE PREFIX-LENGTH; 0 for whatever is the same everywhere */
    uint8_t kind;   /* enum answer_kind */
    int16_t extended_error; /* RFC 8914 INFO-CODE, or -1 */
    uint16_t zone_slot;     /* for per-zone counters; 0: no zone */
    uint16_t scratch_len;
    bool has_cookie; /* to be sent back */
    uint8_t cookie[COOKIE_LEN];
    struct piece pieces[ANSWER_PIECES_MAX];
    alignas(
        8) uint8_t scratch[ANSWER_SCRATCH_SIZE]; /* for sets made for this answer alone */
};

/* Begins an answer to q: no pieces, NOERROR, not authoritative, end after the question.
 */
static inline void
answer_begin(struct answer *answer, const struct query *q)
{
    answer->piece_count = 0;
    answer->end = (uint16_t)(DNS_HEADER_LEN + (q->has_question ? q->name_len + 4U : 0U));
    answer->apex = DNS_HEADER_LEN;
    answer->rcode = RCODE_NOERROR;
    answer->authoritative = false;
    answer->truncated = false;
    answer->scope = 0;
    answer->kind = ANSWER_ERROR;
    answer->extended_error = -1;
    answer->zone_slot = 0;
    answer->scratch_len = 0;
    answer->has_cookie = false;
}

/* Appends a whole set. False when there is no room (64 pieces or 64 KiB): nothing is
 * added, and truncated is set; who adds what is optional looks for room first. Returns
 * the new piece through pieces[piece_count - 1]. */
static inline bool
answer_add(struct answer *answer, enum section section, const struct rrset *set,
           uint16_t owner)
{
    const uint32_t end = (uint32_t)answer->end + set->len;
    if (answer->piece_count == ANSWER_PIECES_MAX || end > DNS_MESSAGE_MAX) {
        answer->truncated = true;
        return false;
    }
    answer->pieces[answer->piece_count++] = (struct piece){
        .set = set,
        .ttl = set->ttl,
        .owner = owner,
        .section = (uint8_t)section,
    };
    answer->end = (uint16_t)end;
    return true;
}

/* How answers to questions of one snapshot are made beyond the zones' content. */
struct serve_settings {
    const char *identity;          /* NSID and id.server CH TXT; "" hides */
    const char *version;           /* version.bind CH TXT; "" hides */
    bool ecs_enabled;              /* false: the option is unknown to us */
    uint16_t udp_size_max;         /* largest UDP reply, RFC 9715: 1232 */
    struct cookie_secrets cookies; /* count 0: the option is unknown to us */
    struct rrl_settings rrl;
    bool cookies_required; /* UDP queries with a cookie need a valid one: BADCOOKIE */
};

/* Whoever answers. All functions may be called by any worker at any time. */
struct answerer {
    void *context;
    /* The current snapshot; valid until the worker's next quiescent state. Once a batch.
     */
    const void *(*acquire)(void *context);
    /* The settings that belong to a snapshot. */
    const struct serve_settings *(*settings)(const void *snapshot);
    /* Fills `answer` (already begun) for a sound query of opcode QUERY, class IN (or
     * ANY). Never fails: at worst it says SERVFAIL. */
    void (*answer)(const void *snapshot, const struct query *query,
                   struct answer *answer);
};

#endif
