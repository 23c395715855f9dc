/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/base.h"
#include "dns/base/array.h"
#include "dns/base/diag.h"
#include "geoip/map.h"
#include "geoip/mmdb.h"
#include "geoip/ranges.h"
#include "geoip/special.h"
#include "geoip/trie.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_TRIES = 3,
    SOURCES_MAX = 250, /* place->from is a byte */
    TAGS_MAX = UINT16_MAX,
    TAIL_SIZE = 128 << 10, /* MaxMind's metadata is within the last 128 KiB */
    MEMO_SLOTS = 1 << 14,
};

struct geo_base {
    struct trie *trie;
    struct place_table *places;
    struct geo_source *sources;
    size_t source_count;
    const char **tags; /* [0] is "" */
    size_t tag_count, tag_capacity;
    bool complete;
};

void
geo_base_free(struct geo_base *base)
{
    if (!base)
        return;
    for (size_t i = 0; i < base->source_count; i++) {
        char *owned[2];
        memcpy(&owned[0], &base->sources[i].path, sizeof(owned[0]));
        memcpy(&owned[1], &base->sources[i].type, sizeof(owned[1]));
        free(owned[0]);
        free(owned[1]);
    }
    for (size_t i = 1; i < base->tag_count; i++) {
        char *owned;
        memcpy(&owned, &base->tags[i], sizeof(owned));
        free(owned);
    }
    free(base->sources);
    free(base->tags);
    trie_free(base->trie);
    place_table_free(base->places);
    free(base);
}

/* ---- a private copy of a file ----------------------------------------------------- */

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Copies what is there now. Returns a memfd, or -1. */
static int
copy_once(int fd, off_t size)
{
    const int copy = memfd_create("geoip", MFD_CLOEXEC);
    off_t at = 0;

    if (copy < 0)
        return -1;
    while (at < size) {
        const ssize_t more = sendfile(copy, fd, &at, (size_t)(size - at));
        if (more == 0)
            break; /* it shrank: the stamps will tell */
        if (more < 0 && errno != EINTR) {
            const int error = errno;
            close(copy);
            errno = error;
            return -1;
        }
    }
    return copy;
}

/* A copy that nobody can cut short under us. Whoever writes the file while it is read
 * makes us read again. */
static enum status
copy_file(const char *path, struct diag *diag, int *ret_fd, struct stat *ret_stat)
{
    const struct diag_at at = { .file = path };
    const char *why = "it changes while it is read";
    struct stat before, after;
    /* O_NONBLOCK: to open a named pipe must not wait for its writer */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &before) != 0 || !S_ISREG(before.st_mode)) {
        diag_error(diag, at, "cannot open '%s': %s", path,
                   fd < 0 ? errno_text(errno) : "not a file");
        if (fd >= 0)
            close(fd);
        return ERR_INVALID;
    }
    for (unsigned i = 0; i < COPY_TRIES; i++) {
        const int copy = copy_once(fd, before.st_size);
        if (copy < 0 || fstat(fd, &after) != 0) {
            why = errno_text(errno);
            if (copy >= 0)
                close(copy);
            break;
        }
        if (same_file(&before, &after)) {
            close(fd);
            *ret_fd = copy;
            *ret_stat = after;
            return OK;
        }
        close(copy);
        before = after;
    }
    close(fd);
    diag_error(diag, at, "cannot read '%s': %s", path, why);
    return ERR_INVALID;
}

/* MaxMind's metadata marker near the end. */
static bool
is_mmdb(int fd, off_t size)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    const size_t want = size < TAIL_SIZE ? (size_t)size : TAIL_SIZE;
    char *const tail = malloc(want + 1);
    bool found = false;

    if (tail) {
        const ssize_t len = pread(fd, tail, want, size - (off_t)want);
        found = len > 0 && memmem(tail, (size_t)len, marker, sizeof(marker) - 1);
    }
    free(tail);
    return found;
}

/* ---- files ------------------------------------------------------------------------ */

/* A base being made. */
struct making {
    struct geo_base *base;
    struct diag *diag;
    enum status status; /* of a combine or paint function that cannot return one */
    struct memo {
        uint32_t a, b, result; /* result 0 is possible: a + 1 is kept, 0: empty */
    } * memo;
    const struct geo_network *network; /* being painted */
    uint16_t tag;
};

/* A file being read: its own copy, and what is told of it. */
struct source_file {
    const char *path;
    int fd;
    uint8_t number;
    struct geo_source *info;
};

static enum status
load_ranges(struct making *making, const struct source_file *source,
            struct trie **ret_trie)
{
    struct ranges_result result;
    FILE *const file = fdopen(source->fd, "r");

    if (!file) {
        close(source->fd);
        return ERR_NOMEM;
    }
    rewind(file);
    const struct ranges_read read = { .path = source->path,
                                      .file = file,
                                      .source = source->number,
                                      .places = making->base->places };
    const enum status status = ranges_load(&read, making->diag, &result);
    (void)fclose(file);
    if (status != OK)
        return status;
    source->info->type = strdup(result.type);
    source->info->network_count = result.network_count;
    *ret_trie = result.trie;
    return OK;
}

static enum status
load_mmdb(struct making *making, const struct source_file *source, struct trie **ret_trie)
{
    struct mmdb_result result;
    const struct mmdb_read read = { .path = source->path,
                                    .fd = source->fd,
                                    .source = source->number,
                                    .places = making->base->places };
    const enum status status = mmdb_load(&read, making->diag, &result);

    close(source->fd);
    if (status != OK)
        return status;
    source->info->type = strdup(result.type);
    source->info->build_unix_s = result.build_unix_s;
    source->info->network_count = result.network_count;
    *ret_trie = result.trie;
    return OK;
}

static enum status
load_file(struct making *making, struct source_file *source, struct trie **ret_trie)
{
    struct stat st;
    enum status status = copy_file(source->path, making->diag, &source->fd, &st);

    if (status != OK)
        return status;
    source->info->build_unix_s = st.st_mtim.tv_sec;
    status = is_mmdb(source->fd, st.st_size) ? load_mmdb(making, source, ret_trie)
                                             : load_ranges(making, source, ret_trie);
    source->info->loaded = status == OK;
    return status;
}

/* ---- one over the other ----------------------------------------------------------- */

/* May the weaker one's country, and what lies in it, stand beside what the stronger one
 * says? */
static bool
is_same_country(const struct place *strong, const struct place *weak)
{
    if (strong->country[0])
        return strcmp(strong->country, weak->country) == 0;
    return !strong->continent[0] || !weak->continent[0] ||
           strcmp(strong->continent, weak->continent) == 0;
}

/* What the stronger one lacks comes from the weaker. A subdivision or location of another
 * country would be nonsense. */
static struct place
fill(const struct place *strong, const struct place *weak)
{
    struct place place = *strong;
    const bool same_country = is_same_country(strong, weak);

    if (!place.country[0] && weak->country[0] && same_country) {
        memcpy(place.country, weak->country, sizeof(place.country));
        memcpy(place.continent, weak->continent, sizeof(place.continent));
        place.from[PLACE_COUNTRY] = weak->from[PLACE_COUNTRY];
    } else if (!place.continent[0] && weak->continent[0]) {
        memcpy(place.continent, weak->continent, sizeof(place.continent));
        place.from[PLACE_COUNTRY] = weak->from[PLACE_COUNTRY];
    }
    if (!place.subdivision[0] && same_country && weak->subdivision[0]) {
        memcpy(place.subdivision, weak->subdivision, sizeof(place.subdivision));
        place.from[PLACE_SUBDIVISION] = weak->from[PLACE_SUBDIVISION];
    }
    if (!place.has_location && same_country && weak->has_location) {
        place.has_location = true;
        place.latitude = weak->latitude;
        place.longitude = weak->longitude;
        place.from[PLACE_LOCATION] = weak->from[PLACE_LOCATION];
    }
    if (!place.asn && weak->asn) {
        place.asn = weak->asn;
        place.from[PLACE_ASN] = weak->from[PLACE_ASN];
    }
    return place;
}

static uint32_t
give_up(struct making *making, enum status status)
{
    making->status = status;
    return TRIE_VALUE_MAX + 1;
}

static uint32_t
combine_files(void *context, uint32_t a, uint32_t b)
{
    struct making *const making = context;
    struct place_table *const places = making->base->places;

    if (a == PLACE_UNKNOWN || b == PLACE_UNKNOWN)
        return a == PLACE_UNKNOWN ? b : a;
    struct memo *const memo = &making->memo[(a * UINT64_C(0x9e3779b97f4a7c15) +
                                             b * UINT64_C(0xc2b2ae3d27d4eb4f)) >>
                                            50];
    if (memo->a == a && memo->b == b)
        return memo->result;
    const struct place place = fill(place_get(places, a), place_get(places, b));
    uint32_t id;
    const enum status status = place_intern(places, &place, &id);
    if (status != OK)
        return give_up(making, status);
    *memo = (struct memo){ a, b, id };
    return id;
}

static uint32_t
combine_special(void *context, uint32_t place, uint32_t special)
{
    (void)context;
    return special ? PLACE_SPECIAL : place;
}

/* base->trie = base->trie over (or under) another, which is freed. */
static enum status
overlay(struct making *making, struct trie *other, trie_combine_fn combine)
{
    struct trie *joined;
    const enum status status =
        trie_overlay(making->base->trie, other, combine, making, &joined);

    trie_free(other);
    if (status != OK)
        return making->status != OK ? making->status : status;
    trie_free(making->base->trie);
    making->base->trie = joined;
    return OK;
}

static enum status
add_files(struct making *making, const struct geo_base_options *options)
{
    struct geo_base *const base = making->base;

    for (size_t i = 0; i < options->file_count; i++) {
        struct geo_source *const info = &base->sources[base->source_count++];
        struct trie *trie;
        info->path = strdup(options->files[i]);
        if (!info->path)
            return ERR_NOMEM;
        struct source_file source = { .path = options->files[i],
                                      .number = (uint8_t)(i + 1),
                                      .info = info };
        enum status status = load_file(making, &source, &trie);
        if (status == ERR_INVALID) {
            base->complete = false;
            continue;
        }
        if (status != OK)
            return status;
        if (place_count(base->places) <= 2 || i == 0) {
            trie_free(base->trie);
            base->trie = trie;
            continue;
        }
        status = overlay(making, trie, combine_files);
        if (status != OK)
            return status;
    }
    return OK;
}

/* ---- special space and the operator's networks ------------------------------------ */

/* 1 for special space that nobody wrote of. */
static enum status
special_trie(const struct geo_base_options *options, struct trie **ret_trie)
{
    struct trie *const trie = trie_new(0);
    enum status status = trie ? OK : ERR_NOMEM;

    for (const char *const *text = special_prefixes(); *text && status == OK; text++) {
        struct prefix prefix;
        status = prefix_parse(*text, &prefix);
        if (status == OK)
            status = trie_set(trie, &prefix, 1);
    }
    for (size_t i = 0; i < options->network_count && status == OK; i++)
        status = trie_set(trie, &options->networks[i].prefix, 0);
    for (size_t i = 0; i < options->at_word_count && status == OK; i++)
        status = trie_set(trie, &options->at_word[i], 0);
    if (status != OK) {
        trie_free(trie);
        return status;
    }
    *ret_trie = trie;
    return OK;
}

static enum status
tag_number(struct geo_base *base, const char *tag, uint16_t *ret_number)
{
    for (size_t i = 1; i < base->tag_count; i++) {
        if (strcmp(base->tags[i], tag) == 0) {
            *ret_number = (uint16_t)i;
            return OK;
        }
    }
    if (base->tag_count > TAGS_MAX)
        return ERR_LIMIT;
    const enum status status = array_reserve(&base->tags, &base->tag_capacity,
                                             base->tag_count + 1, sizeof(*base->tags));
    if (status != OK)
        return status;
    base->tags[base->tag_count] = strdup(tag);
    if (!base->tags[base->tag_count])
        return ERR_NOMEM;
    *ret_number = (uint16_t)base->tag_count++;
    return OK;
}

static void
apply_network(const struct geo_network *network, uint16_t tag, struct place *place)
{
    if (network->gives_country) { /* its subdivision and location are another country's */
        memcpy(place->country, network->place.country, sizeof(place->country));
        place->subdivision[0] = '\0';
        memset(place->subdivision, 0, sizeof(place->subdivision));
        place->has_location = false;
        place->latitude = place->longitude = 0;
        place->from[PLACE_COUNTRY] = PLACE_FROM_OPERATOR;
        place->from[PLACE_SUBDIVISION] = place->from[PLACE_LOCATION] = 0;
    }
    if (network->gives_country || network->gives_continent) {
        memcpy(place->continent, network->place.continent, sizeof(place->continent));
        place->from[PLACE_COUNTRY] = PLACE_FROM_OPERATOR;
    }
    if (network->gives_subdivision) {
        memcpy(place->subdivision, network->place.subdivision,
               sizeof(place->subdivision));
        place->from[PLACE_SUBDIVISION] = PLACE_FROM_OPERATOR;
    }
    if (network->gives_location) {
        place->has_location = true;
        place->latitude = network->place.latitude;
        place->longitude = network->place.longitude;
        place->from[PLACE_LOCATION] = PLACE_FROM_OPERATOR;
    }
    if (network->gives_asn) {
        place->asn = network->place.asn;
        place->from[PLACE_ASN] = PLACE_FROM_OPERATOR;
    }
    if (tag)
        place->tag = tag;
}

static uint32_t
paint_network(void *context, uint32_t old)
{
    struct making *const making = context;
    struct place place = *place_get(making->base->places, old);
    uint32_t id = old;

    apply_network(making->network, making->tag, &place);
    const enum status status = place_intern(making->base->places, &place, &id);
    if (status != OK)
        making->status = status;
    return id;
}

static int
compare_networks(const void *a, const void *b)
{
    const struct geo_network *const left = *(const struct geo_network *const *)a;
    const struct geo_network *const right = *(const struct geo_network *const *)b;

    return (int)left->prefix.len - (int)right->prefix.len;
}

/* Wide ones first, so that longer prefixes win. */
static enum status
paint_networks(struct making *making, const struct geo_base_options *options)
{
    const size_t count = options->network_count;
    const struct geo_network **const sorted =
        calloc(count + 1, sizeof(struct geo_network *));
    enum status status = sorted ? OK : ERR_NOMEM;

    for (size_t i = 0; sorted && i < count; i++)
        sorted[i] = &options->networks[i];
    if (sorted && count > 0)
        qsort(sorted, count, sizeof(struct geo_network *), compare_networks);
    for (size_t i = 0; i < count && status == OK; i++) {
        making->network = sorted[i];
        making->tag = 0;
        if (sorted[i]->tag)
            status = tag_number(making->base, sorted[i]->tag, &making->tag);
        if (status == OK)
            status =
                trie_paint(making->base->trie, &sorted[i]->prefix, paint_network, making);
        if (status == OK)
            status = making->status;
    }
    free(sorted);
    return status;
}

/* ---- the end ---------------------------------------------------------------------- */

struct marking {
    uint32_t *ids; /* [places]: new id + 1; 0: unused */
    const struct place_table *from;
    struct place_table *to;
    enum status status;
};

static bool
mark_used(void *context, const struct prefix *prefix, uint32_t id)
{
    struct marking *const marking = context;

    (void)prefix;
    if (marking->ids[id])
        return true;
    uint32_t fresh = 0;
    marking->status = place_intern(marking->to, place_get(marking->from, id), &fresh);
    marking->ids[id] = fresh + 1;
    return marking->status == OK;
}

/* Drops places that only the files' own tries had, and merges what became equal. */
static enum status
compact(struct geo_base *base)
{
    struct marking marking = { .from = base->places, .to = place_table_new() };
    struct trie *folded = NULL;

    marking.ids = calloc(place_count(base->places), sizeof(*marking.ids));
    enum status status = marking.ids && marking.to ? OK : ERR_NOMEM;
    if (status == OK) {
        marking.ids[PLACE_UNKNOWN] = PLACE_UNKNOWN + 1;
        marking.ids[PLACE_SPECIAL] = PLACE_SPECIAL + 1;
        trie_walk(base->trie, mark_used, &marking);
        status = marking.status;
    }
    for (size_t i = 0; status == OK && i < place_count(base->places); i++)
        marking.ids[i] -= marking.ids[i] > 0;
    if (status == OK)
        status = trie_fold(base->trie, marking.ids, &folded);
    free(marking.ids);
    if (status != OK) {
        place_table_free(marking.to);
        return status;
    }
    trie_free(base->trie);
    place_table_free(base->places);
    base->trie = folded;
    base->places = marking.to;
    place_table_seal(base->places);
    return OK;
}

static enum status
make(struct making *making, const struct geo_base_options *options)
{
    struct trie *special;
    enum status status = add_files(making, options);

    if (status == OK)
        status = special_trie(options, &special);
    if (status == OK)
        status = overlay(making, special, combine_special);
    if (status == OK)
        status = paint_networks(making, options);
    return status == OK ? compact(making->base) : status;
}

static struct geo_base *
new_base(size_t file_count)
{
    struct geo_base *const base = calloc(1, sizeof(*base));

    if (!base)
        return NULL;
    base->complete = true;
    base->trie = trie_new(PLACE_UNKNOWN);
    base->places = place_table_new();
    base->sources = calloc(file_count + 1, sizeof(*base->sources));
    if (base->trie && base->places && base->sources &&
        array_reserve(&base->tags, &base->tag_capacity, 1, sizeof(*base->tags)) == OK) {
        base->tags[0] = "";
        base->tag_count = 1;
        return base;
    }
    geo_base_free(base);
    return NULL;
}

enum status
geo_base_load(const struct geo_base_options *options, struct diag *diag,
              struct geo_base **ret_base)
{
    struct making making = { .base = new_base(options->file_count), .diag = diag };

    if (options->file_count > SOURCES_MAX) {
        geo_base_free(making.base);
        return ERR_LIMIT;
    }
    making.memo = calloc(MEMO_SLOTS, sizeof(*making.memo));
    const enum status status =
        making.base && making.memo ? make(&making, options) : ERR_NOMEM;
    free(making.memo);
    if (status != OK) {
        geo_base_free(making.base);
        return status;
    }
    *ret_base = making.base;
    return OK;
}

/* ---- looking ---------------------------------------------------------------------- */

bool
geo_base_complete(const struct geo_base *base)
{
    return base->complete;
}

size_t
geo_base_size(const struct geo_base *base)
{
    return trie_size(base->trie) + place_count(base->places) * sizeof(struct place);
}

const struct trie *
geo_base_trie(const struct geo_base *base)
{
    return base->trie;
}

const struct place_table *
geo_base_places(const struct geo_base *base)
{
    return base->places;
}

const char *const *
geo_base_tags(const struct geo_base *base, size_t *ret_count)
{
    *ret_count = base->tag_count;
    return base->tags;
}

size_t
geo_base_sources(const struct geo_base *base, const struct geo_source **ret_sources)
{
    *ret_sources = base->sources;
    return base->source_count;
}

const struct place *
geo_base_locate(const struct geo_base *base, const struct addr *addr, uint8_t source_len,
                uint8_t *ret_len)
{
    struct addr v4;
    uint8_t extra = 0;
    const int hidden =
        addr->family == ADDR_V6 ? addr_hidden_v4(addr, source_len, &v4, &extra) : 0;

    if (hidden < 0) {
        *ret_len = extra;
        return place_get(base->places, PLACE_UNKNOWN);
    }
    const uint32_t id = trie_find(base->trie, hidden > 0 ? &v4 : addr, ret_len);
    *ret_len = (uint8_t)(*ret_len + extra);
    if (hidden == 0 && addr->family == ADDR_V6)
        *ret_len = addr_beside_hidden(addr, *ret_len);
    return place_get(base->places, id);
}
