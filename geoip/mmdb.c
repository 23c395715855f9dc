/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/mmdb.h"
#include "dns/base/diag.h"
#include "geoip/trie_nodes.h"
#include <ctype.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BITS_V4 = 32,
    BITS_V6 = 128,
    IPV4_DEPTH = 96,
    DATA_SEPARATOR = 16, /* zero bytes between tree and data */
    TEXT_SIZE = 64,
    FIRST_SLOTS = 4096
};

/* Place of each distinct data record, found by its offset. */
struct seen {
    struct seen_slot {
        uint32_t offset; /* + 1; 0: empty */
        uint32_t id;
    } * slots;
    size_t slot_count, count;
};

struct walk {
    const struct mmdb_read *read;
    struct diag *diag;
    MMDB_s db;
    struct trie *trie;
    struct seen seen;
    size_t visited;
    size_t network_count;
    bool useful;   /* some record said something */
    uint64_t skip; /* IPv4's subtree, and so its aliases (::ffff:0:0/96, 2002::/16):
                      walked by itself */
};

static enum status
refuse(const struct walk *walk, const char *why)
{
    diag_error(walk->diag, (struct diag_at){ .file = walk->read->path }, "%s", why);
    return ERR_INVALID;
}

/* ---- records seen ----------------------------------------------------------------- */

static struct seen_slot *
seen_slot(const struct seen *seen, uint32_t offset)
{
    size_t at = (offset * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (seen->slot_count - 1);

    while (seen->slots[at].offset && seen->slots[at].offset != offset + 1)
        at = (at + 1) & (seen->slot_count - 1);
    return &seen->slots[at];
}

static enum status
seen_grow(struct seen *seen)
{
    const struct seen old = *seen;

    if (old.slot_count >= 2 * (old.count + 1))
        return OK;
    seen->slot_count = old.slot_count ? old.slot_count * 2 : FIRST_SLOTS;
    seen->slots = calloc(seen->slot_count, sizeof(*seen->slots));
    if (!seen->slots) {
        *seen = old;
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].offset)
            *seen_slot(seen, old.slots[i].offset - 1) = old.slots[i];
    }
    free(old.slots);
    return OK;
}

/* ---- values ----------------------------------------------------------------------- */

static bool
get(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *ret_data)
{
    return MMDB_aget_value(entry, ret_data, path) == MMDB_SUCCESS && ret_data->has_data;
}

/* A string of at most TEXT_SIZE − 1 bytes; "" for anything else. */
static bool
get_text(MMDB_entry_s *entry, const char *const *path, char text[TEXT_SIZE])
{
    MMDB_entry_data_s data;

    text[0] = '\0';
    if (!get(entry, path, &data) || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
        data.data_size >= TEXT_SIZE)
        return false;
    memcpy(text, data.utf8_string, data.data_size);
    text[data.data_size] = '\0';
    return text[0] != '\0';
}

/* Numbers of any width, or written as a string. */
static bool
get_number(MMDB_entry_s *entry, const char *const *path, double *ret_number)
{
    MMDB_entry_data_s data;
    char text[TEXT_SIZE];
    char *end;

    if (get_text(entry, path, text)) {
        const char *const digits = strncasecmp(text, "AS", 2) == 0 ? text + 2 : text;
        *ret_number = strtod(digits, &end);
        return end != digits && *end == '\0';
    }
    if (!get(entry, path, &data))
        return false;
    switch (data.type) {
    case MMDB_DATA_TYPE_DOUBLE: *ret_number = data.double_value; return true;
    case MMDB_DATA_TYPE_FLOAT: *ret_number = (double)data.float_value; return true;
    case MMDB_DATA_TYPE_UINT16: *ret_number = data.uint16; return true;
    case MMDB_DATA_TYPE_UINT32: *ret_number = data.uint32; return true;
    case MMDB_DATA_TYPE_INT32: *ret_number = data.int32; return true;
    case MMDB_DATA_TYPE_UINT64: *ret_number = (double)data.uint64; return true;
    default: return false;
    }
}

/* The first of several paths that is there. Ends with a path whose first key is NULL. */
struct paths {
    const char *keys[4];
};

static bool
first_text(MMDB_entry_s *entry, const struct paths *paths, char text[TEXT_SIZE])
{
    for (; paths->keys[0]; paths++) {
        if (get_text(entry, paths->keys, text))
            return true;
    }
    return false;
}

static bool
first_number(MMDB_entry_s *entry, const struct paths *paths, double *ret_number)
{
    for (; paths->keys[0]; paths++) {
        if (get_number(entry, paths->keys, ret_number))
            return true;
    }
    return false;
}

/* ---- schemas: MaxMind's nested one (DB-IP's, too), and flat ones (ip-location-db,
 * IPinfo) ------- */

struct schema {
    struct paths country[4], continent[4], subdivision[4], latitude[4], longitude[4];
};

static const struct schema nested = {
    .country = { { { "country", "iso_code", NULL } } },
    .continent = { { { "continent", "code", NULL } } },
    .subdivision = { { { "subdivisions", "0", "iso_code", NULL } } },
    .latitude = { { { "location", "latitude", NULL } } },
    .longitude = { { { "location", "longitude", NULL } } },
};
static const struct schema flat = {
    .country = { { { "country_code", NULL } },
                 { { "country", NULL } },
                 { { "countryCode", NULL } } },
    .continent = { { { "continent_code", NULL } }, { { "continent", NULL } } },
    .subdivision = { { { "region_code", NULL } }, { { "state_code", NULL } } },
    .latitude = { { { "latitude", NULL } }, { { "lat", NULL } } },
    .longitude = { { { "longitude", NULL } }, { { "lng", NULL } }, { { "lon", NULL } } },
};
/* Of either. */
static const struct paths asn_paths[] = {
    { { "autonomous_system_number", NULL } },
    { { "traits", "autonomous_system_number", NULL } },
    { { "asn", NULL } },
    { { "as_number", NULL } },
    { { NULL } },
};

static bool
is_nested(MMDB_entry_s *entry)
{
    static const char *const maps[][2] = { { "country", NULL },
                                           { "continent", NULL },
                                           { "location", NULL },
                                           { "registered_country", NULL } };

    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        MMDB_entry_data_s data;
        if (get(entry, maps[i], &data) && data.type == MMDB_DATA_TYPE_MAP)
            return true;
    }
    return false;
}

static void
read_country(MMDB_entry_s *entry, const struct schema *schema, struct place *place)
{
    char text[TEXT_SIZE];

    if (first_text(entry, schema->continent, text) && strlen(text) == 2 &&
        continent_is_known(text))
        memcpy(place->continent, text, 2);
    if (!first_text(entry, schema->country, text) || strlen(text) != 2)
        return;
    const char *const continent = country_continent(text);
    if (!continent)
        return; /* ZZ, EU as a country, and the like */
    memcpy(place->country, text, 2);
    if (!place->continent[0])
        memcpy(place->continent, continent, 2);
}

/* "CA" and "US-CA" are the same: the code is completed with the country. */
static void
read_subdivision(MMDB_entry_s *entry, const struct schema *schema, struct place *place)
{
    char text[TEXT_SIZE];

    if (!place->country[0] || !first_text(entry, schema->subdivision, text))
        return;
    const bool whole = strncmp(text, place->country, 2) == 0 && text[2] == '-';
    char *const code = whole ? text + 3 : text;
    if (code[0] == '\0' || strlen(code) > 3)
        return;
    for (char *at = code; *at; at++) {
        if (!isalnum((unsigned char)*at))
            return;
        *at = (char)toupper((unsigned char)*at);
    }
    (void)snprintf(place->subdivision, sizeof(place->subdivision), "%s-%.3s",
                   place->country, code);
}

static void
read_location(MMDB_entry_s *entry, const struct schema *schema, struct place *place)
{
    double latitude, longitude;

    if (!first_number(entry, schema->latitude, &latitude) ||
        !first_number(entry, schema->longitude, &longitude))
        return;
    const bool on_earth = latitude >= -90 && latitude <= 90 && longitude >= -180 &&
                          longitude <= 180; /* which not-a-number never is */
    if (!on_earth)
        return;
    place->has_location = true;
    place->latitude = (float)latitude;
    place->longitude = (float)longitude;
}

static struct place
read_place(const struct walk *walk, MMDB_entry_s *entry)
{
    const struct schema *const schema = is_nested(entry) ? &nested : &flat;
    struct place place = { .special = false };
    const uint8_t source = walk->read->source;
    double asn;

    read_country(entry, schema, &place);
    read_subdivision(entry, schema, &place);
    read_location(entry, schema, &place);
    if (first_number(entry, asn_paths, &asn) && asn >= 1 && asn <= UINT32_MAX)
        place.asn = (uint32_t)asn;
    place.from[PLACE_COUNTRY] = place.continent[0] ? source : 0;
    place.from[PLACE_SUBDIVISION] = place.subdivision[0] ? source : 0;
    place.from[PLACE_LOCATION] = place.has_location ? source : 0;
    place.from[PLACE_ASN] = place.asn ? source : 0;
    return place;
}

static bool
says_something(const struct place *place)
{
    return place->continent[0] || place->asn || place->has_location;
}

/* The number of a data record's place; each distinct record is decoded once. */
static enum status
place_of_record(struct walk *walk, MMDB_entry_s *entry, uint32_t *ret_id)
{
    enum status status = seen_grow(&walk->seen);

    if (status != OK)
        return status;
    struct seen_slot *const slot = seen_slot(&walk->seen, entry->offset);
    if (slot->offset == 0) {
        const struct place place = read_place(walk, entry);
        status = place_intern(walk->read->places, &place, &slot->id);
        if (status != OK)
            return status;
        slot->offset = entry->offset + 1;
        walk->seen.count++;
        walk->useful = walk->useful || says_something(&place);
    }
    *ret_id = slot->id;
    return OK;
}

/* ---- the tree --------------------------------------------------------------------- */

struct branch {
    uint64_t value;
    uint8_t type;
    MMDB_entry_s entry;
};

static enum status build(struct walk *walk, uint32_t number, unsigned left,
                         uint32_t *ret_child);

/* NOLINTBEGIN(misc-no-recursion): `left` counts down from the bits of an address */
/* libmaxminddb takes a record that points between the tree and the data for one of data,
 * 4 GiB on. */
static bool
is_data(const struct walk *walk, const struct branch *branch)
{
    return branch->type == MMDB_RECORD_TYPE_DATA &&
           branch->value >= (uint64_t)walk->db.metadata.node_count + DATA_SEPARATOR;
}

/* One side of a node: a subtree, a record, or nothing. left: address bits below it. */
static enum status
build_branch(struct walk *walk, struct branch *branch, unsigned left, uint32_t *ret_child)
{
    uint32_t id = PLACE_UNKNOWN;

    if (branch->type == MMDB_RECORD_TYPE_EMPTY) {
        *ret_child = TRIE_LEAF + PLACE_UNKNOWN;
        return OK;
    }
    if (is_data(walk, branch)) {
        const enum status status = place_of_record(walk, &branch->entry, &id);
        *ret_child = TRIE_LEAF | id;
        walk->network_count++;
        return status;
    }
    if (branch->type != MMDB_RECORD_TYPE_SEARCH_NODE)
        return refuse(walk, "broken: a record points out of the file");
    if (left == 0)
        return refuse(walk, "broken: the tree is deeper than an address is long");
    if (branch->value == walk->skip) {
        *ret_child = TRIE_LEAF + PLACE_UNKNOWN;
        return OK;
    }
    return build(walk, (uint32_t)branch->value, left, ret_child);
}

static enum status
build(struct walk *walk, uint32_t number, unsigned left, uint32_t *ret_child)
{
    MMDB_search_node_s node;
    uint32_t zero, one;

    /* A tree has each node once, so whoever comes by more often is going round in
     * circles. */
    if (++walk->visited > (size_t)walk->db.metadata.node_count + 1)
        return refuse(walk, "broken: the tree goes in circles");
    if (MMDB_read_node(&walk->db, number, &node) != MMDB_SUCCESS)
        return refuse(walk, "broken: a node lies outside the tree");
    struct branch branches[2] = {
        { node.left_record, node.left_record_type, node.left_record_entry },
        { node.right_record, node.right_record_type, node.right_record_entry },
    };
    enum status status = build_branch(walk, &branches[0], left - 1, &zero);
    if (status == OK)
        status = build_branch(walk, &branches[1], left - 1, &one);
    return status == OK ? trie_join(walk->trie, zero, one, ret_child) : status;
}
/* NOLINTEND(misc-no-recursion) */

/* What a record past the tree's nodes stands for. */
static struct branch
branch_of(struct walk *walk, uint32_t value)
{
    const uint32_t node_count = walk->db.metadata.node_count;
    const uint32_t data_start = node_count + DATA_SEPARATOR;
    struct branch branch = { .value = value, .type = MMDB_RECORD_TYPE_INVALID };

    if (value == node_count) {
        branch.type = MMDB_RECORD_TYPE_EMPTY;
    } else if (value >= data_start && value - data_start < walk->db.data_section_size) {
        branch.type = MMDB_RECORD_TYPE_DATA;
        branch.entry = (MMDB_entry_s){ .mmdb = &walk->db, .offset = value - data_start };
    }
    return branch;
}

static enum status
walk_v4(struct walk *walk)
{
    const bool is_v6 = walk->db.metadata.ip_version == 6;
    const uint32_t start = is_v6 ? walk->db.ipv4_start_node.node_value : 0;
    uint32_t root = TRIE_LEAF + PLACE_UNKNOWN;
    enum status status;

    if (start < walk->db.metadata.node_count) {
        status = build(walk, start, BITS_V4, &root);
    } else { /* all of IPv4 is one record, or none */
        struct branch branch = branch_of(walk, start);
        status = build_branch(walk, &branch, BITS_V4, &root);
    }
    if (status == OK)
        trie_set_root(walk->trie, 0, root);
    return status;
}

static enum status
walk_v6(struct walk *walk)
{
    uint32_t root;

    if (walk->db.metadata.ip_version != 6 || walk->db.metadata.node_count == 0)
        return OK;
    if (walk->db.ipv4_start_node.netmask == IPV4_DEPTH)
        walk->skip = walk->db.ipv4_start_node.node_value;
    const enum status status = build(walk, 0, BITS_V6, &root);
    if (status == OK)
        trie_set_root(walk->trie, 1, root);
    return status;
}

static enum status
walk_all(struct walk *walk, struct mmdb_result *ret_result)
{
    walk->trie = trie_new(PLACE_UNKNOWN);
    enum status status = walk->trie ? walk_v4(walk) : ERR_NOMEM;
    walk->visited = 0;
    if (status == OK)
        status = walk_v6(walk);
    if (status == OK && !walk->useful)
        status = refuse(walk, "no country, place or ASN is in it");
    free(walk->seen.slots);
    if (status != OK) {
        trie_free(walk->trie);
        return status;
    }
    trie_trim(walk->trie);
    *ret_result =
        (struct mmdb_result){ .trie = walk->trie,
                              .build_unix_s = (int64_t)walk->db.metadata.build_epoch,
                              .network_count = walk->network_count };
    (void)snprintf(ret_result->type, sizeof(ret_result->type), "%s",
                   walk->db.metadata.database_type ? walk->db.metadata.database_type
                                                   : "");
    return OK;
}

/* libmaxminddb reckons in 32 bits, and a tree of 2^32 bytes and more passes for a small
 * one. */
static bool
tree_fits(const MMDB_s *db)
{
    const uint64_t tree = (uint64_t)db->metadata.node_count * db->full_record_byte_size;

    return tree + DATA_SEPARATOR <= (uint64_t)db->file_size;
}

enum status
mmdb_load(const struct mmdb_read *read, struct diag *diag, struct mmdb_result *ret_result)
{
    struct walk walk = { .read = read, .diag = diag, .skip = UINT64_MAX };
    char path[TEXT_SIZE];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", read->fd);
    const int error = MMDB_open(path, MMDB_MODE_MMAP, &walk.db);
    if (error != MMDB_SUCCESS) {
        diag_error(diag, (struct diag_at){ .file = read->path },
                   "not a sound MaxMind database: %s", MMDB_strerror(error));
        return ERR_INVALID;
    }
    const enum status status =
        tree_fits(&walk.db)
            ? walk_all(&walk, ret_result)
            : refuse(&walk, "not a sound MaxMind database: the tree is larger than the "
                            "file");
    MMDB_close(&walk.db);
    return status;
}
