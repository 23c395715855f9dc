/* SPDX-License-Identifier: BSD-2-Clause */
/* The zones of the configuration, each with its last good version: finds their files,
 * reads what changed, keeps what was good before where the new is not. Belongs to the
 * data lane; one thread at a time. */
#ifndef ZONES_ZONESET_H
#define ZONES_ZONESET_H
#include "dns/base/diag.h"
#include "zones/load.h"
#include "zones/stamps.h"
#include "zones/store.h"

enum zoneset_state {
    ZONESET_SERVED, /* as its files say */
    ZONESET_STALE,  /* its files are refused: the last good version serves */
    ZONESET_HELD,   /* a large edit or a lost file waits for --force */
    ZONESET_FAILED, /* never had a good version */
};

/* Guards are for zones of this many names or more. */
enum { ZONESET_GUARD_NAMES = 10 };

struct zoneset_zone {
    char *name;                 /* as the file is called, without the final dot */
    uint8_t apex[NAME_LEN_MAX]; /* wire, folded */
    uint8_t apex_len;
    char **paths; /* files to read, NULL-terminated; absolute */
    size_t path_count;
    bool present;         /* files were found by the last scan */
    struct stamps stamps; /* of all files that the last reading touched */
    char **files;         /* the same files, for copies */
    size_t file_count;
    struct zone *content;   /* the version served, as read */
    struct zone *zone;      /* the same with its serial */
    struct zone *candidate; /* read well, not accepted yet */
    enum zoneset_state state;
    bool retry;            /* refused: try again when any file changes */
    bool fresh;            /* accepted since the last save of good versions */
    bool renumbered;       /* since the last save of serials */
    struct diag diag;      /* of the last reading */
    struct diag link_diag; /* how the candidate fits the others; joins diag at the end */
    uint16_t slot;
    uint32_t serial;  /* last served; 0: none yet */
    uint64_t hash;    /* of the content behind that serial */
    uint64_t ns_hash; /* of its apex NS set, of an earlier run; 0: none */
};

struct zoneset {
    struct zoneset_zone **zones; /* sorted by name; pointers stay */
    size_t count;
    size_t capacity;
    struct stamps folders; /* the zone folders themselves */
    uint16_t slots_used;
    char *slot_names[1024]; /* by counter slot; [0] unused; never freed before the set */
};

struct zoneset_options {
    const struct store_config *config;
    bool reread; /* read also what looks unchanged */
    bool
        starting; /* guards do not apply; last good versions come from the state folder */
    bool dry;     /* neither read nor write the state folder */
    bool force_all;
    const char *const *force; /* zone names, NULL-terminated, or NULL */
};

void zoneset_init(struct zoneset *set);
void zoneset_done(struct zoneset *set);
/* Finds the zones' files. Errors (an unreadable folder, settings of a zone without a
 * file, a name twice) go to diag. */
MUST_CHECK enum status zoneset_scan(struct zoneset *set,
                                    const struct zoneset_options *options,
                                    struct diag *diag);
/* Reads zones that changed, or were refused before: candidates, or a refusal with its
 * diag. ERR_NOMEM. Returns through *ret_changed how many zones have candidates or changed
 * their state. */
MUST_CHECK enum status zoneset_read(struct zoneset *set,
                                    const struct zoneset_options *options,
                                    size_t *ret_changed);
/* The zone of that name, with or without the final dot; NULL. */
struct zoneset_zone *zoneset_find(const struct zoneset *set, const char *name);
/* A zone without content gets the last good version of an earlier run, if there is one.
 */
void zoneset_fall_back(struct zoneset_zone *zone, const struct zoneset_options *options);
/* The content turned out not to be servable. */
void zoneset_drop(struct zoneset_zone *zone);
/* The candidate is good: it becomes the content. */
void zoneset_accept(struct zoneset_zone *zone);
/* It is not (zone->diag says why): the last good version stays. */
void zoneset_refuse(struct zoneset_zone *zone);
/* Gives the content its serial: unchanged where hash is that of the serial in use, else
 * max(newest file, last + 1). ERR_NOMEM. */
MUST_CHECK enum status zoneset_number(struct zoneset_zone *zone, uint64_t hash);
/* Serials and good versions → state folder. What it did not take is told to diag, and
 * tried again next time. */
void zoneset_save(struct zoneset *set, const struct store_config *config,
                  struct diag *diag);
/* Serials of earlier runs. */
void zoneset_restore(struct zoneset *set, const struct store_config *config);
const char *zoneset_state_name(enum zoneset_state state);

#endif
