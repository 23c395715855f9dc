/* SPDX-License-Identifier: BSD-2-Clause */
/* The geoip section: databases, the operator's networks, resolvers. */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include <stdlib.h>
#include <string.h>

static enum status
read_databases(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return config_paths(config, value, "geoip: databases", diag, &config->store.geo_files,
                        &config->store.geo_file_count);
}

static enum status
read_prefix(const struct yaml_node *node, const char *what, struct diag *diag,
            struct prefix *ret_prefix)
{
    const enum status status = prefix_parse(node->text, ret_prefix);

    if (status == OK)
        return OK;
    diag_error(diag, node->at,
               status == ERR_RANGE ? "%s: '%s' has address bits past its length"
                                   : "%s: '%s' is not a prefix, such as 192.0.2.0/24",
               what, node->text);
    return ERR_INVALID;
}

/* ---- networks --------------------------------------------------------------------- */

/* A network being read. */
struct reading {
    struct config *config;
    struct geo_network *network;
};

static void
give_country(struct geo_network *network, const char *code)
{
    const char *const continent = country_continent(code);

    memcpy(network->place.country, code, 2);
    network->gives_country = true;
    if (!continent || network->gives_continent)
        return;
    memcpy(network->place.continent, continent, 2);
    network->gives_continent = true;
}

/* A word's fields go into the network: country:DE, asn:64500, tag:x, subdivision:DE-BE,
 * continent:EU. */
static enum status
give_word(struct reading *reading, const struct place_word *word,
          const struct yaml_node *node, struct diag *diag)
{
    struct geo_network *const network = reading->network;

    switch (word->kind) {
    case PLACE_WORD_CONTINENT:
        memcpy(network->place.continent, word->name, 2);
        network->gives_continent = true;
        return OK;
    case PLACE_WORD_COUNTRY: give_country(network, word->name); return OK;
    case PLACE_WORD_SUBDIVISION:
        give_country(network, word->name);
        memcpy(network->place.subdivision, word->name,
               sizeof(network->place.subdivision) - 1);
        network->gives_subdivision = true;
        return OK;
    case PLACE_WORD_ASN:
        network->place.asn = word->asn;
        network->gives_asn = true;
        return OK;
    case PLACE_WORD_TAG:
        network->tag = arena_strdup(reading->config->arena, word->name);
        return network->tag ? OK : ERR_NOMEM;
    case PLACE_WORD_GLOBAL:
    case PLACE_WORD_REGION:
    case PLACE_WORD_NET: break;
    }
    diag_error(
        diag, node->at,
        "geoip: networks: a network is in a continent, country or subdivision, of an "
        "asn, or has a tag");
    return ERR_INVALID;
}

static enum status
parse_word(const char *text, const struct yaml_node *node, struct diag *diag,
           struct place_word *ret_word)
{
    char problem[DIAG_TEXT_MAX];

    if (place_word_parse(text, ret_word, problem, sizeof(problem)) == OK)
        return OK;
    diag_error(diag, node->at, "geoip: networks: %s", problem);
    return ERR_INVALID;
}

/* One key of the long form: the same as the word KIND:VALUE. */
static enum status
read_kind(void *object, const struct yaml_node *value, struct diag *diag,
          const char *kind)
{
    struct place_word word;
    char text[PLACE_WORD_TEXT_SIZE];
    const char *name;
    enum status status = yaml_text(value, "geoip: networks", diag, &name);

    if (status != OK)
        return status;
    (void)snprintf(text, sizeof(text), "%s:%s", kind, name);
    status = parse_word(text, value, diag, &word);
    return status == OK ? give_word(object, &word, value, diag) : status;
}

static enum status
read_country(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_kind(object, value, diag, "country");
}

static enum status
read_continent(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_kind(object, value, diag, "continent");
}

static enum status
read_subdivision(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_kind(object, value, diag, "subdivision");
}

static enum status
read_asn(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_kind(object, value, diag, "asn");
}

static enum status
read_tag(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_kind(object, value, diag, "tag");
}

static enum status
read_location(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;
    double latitude, longitude;

    if (value->kind != YAML_LIST || value->len != 2) {
        diag_error(diag, value->at, "geoip: networks: location is [latitude, longitude]");
        return ERR_INVALID;
    }
    if (yaml_real(value->child, "latitude", -90, 90, diag, &latitude) != OK ||
        yaml_real(value->child->next, "longitude", -180, 180, diag, &longitude) != OK)
        return ERR_INVALID;
    reading->network->place.latitude = (float)latitude;
    reading->network->place.longitude = (float)longitude;
    reading->network->place.has_location = true;
    reading->network->gives_location = true;
    return OK;
}

static enum status
read_network(struct reading *reading, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = {
        { "country", read_country, false },
        { "continent", read_continent, false },
        { "subdivision", read_subdivision, false },
        { "asn", read_asn, false },
        { "tag", read_tag, false },
        { "location", read_location, false },
        { 0 },
    };
    struct place_word word;

    if (value->kind == YAML_MAP)
        return yaml_read_map(value, "geoip: networks", fields, reading, diag);
    if (yaml_expect(value, YAML_SCALAR, "geoip: networks", diag) != OK)
        return ERR_INVALID;
    const enum status status = parse_word(value->text, value, diag, &word);
    return status == OK ? give_word(reading, &word, value, diag) : status;
}

static enum status
read_networks(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    enum status worst = OK;

    if (yaml_expect(value, YAML_MAP, "geoip: networks", diag) != OK)
        return ERR_INVALID;
    struct geo_network *const networks =
        arena_calloc(config->arena, value->len + 1, sizeof(*networks));
    if (!networks)
        return ERR_NOMEM;
    size_t count = 0;
    for (const struct yaml_node *at = value->child; at; at = at->next, count++) {
        struct reading reading = { .config = config, .network = &networks[count] };
        if (read_prefix(at->key, "geoip: networks", diag, &networks[count].prefix) !=
                OK ||
            read_network(&reading, at, diag) != OK)
            worst = ERR_INVALID;
    }
    if (worst != OK)
        return worst;
    config->store.networks = networks;
    config->store.network_count = count;
    return OK;
}

/* ---- resolvers -------------------------------------------------------------------- */

static enum status
read_resolvers(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    enum status worst = OK;

    if (yaml_expect(value, YAML_MAP, "geoip: resolvers", diag) != OK)
        return ERR_INVALID;
    struct resolver_place *const places =
        arena_calloc(config->arena, value->len + 1, sizeof(*places));
    if (!places)
        return ERR_NOMEM;
    size_t count = 0;
    for (const struct yaml_node *at = value->child; at; at = at->next, count++) {
        struct resolver_place *const place = &places[count];
        if (read_prefix(at->key, "geoip: resolvers", diag, &place->prefix) != OK ||
            config_words(config, at, "geoip: resolvers", diag, &place->words,
                         &place->word_count) != OK)
            worst = ERR_INVALID;
    }
    if (worst != OK)
        return worst;
    config->store.resolvers = places;
    config->store.resolver_count = count;
    return OK;
}

enum status
config_read_geoip(void *config, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "databases", read_databases, false },
                                                { "networks", read_networks, false },
                                                { "resolvers", read_resolvers, false },
                                                { 0 } };

    return yaml_read_map(value, "geoip", fields, config, diag);
}
