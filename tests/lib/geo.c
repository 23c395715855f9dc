/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/geo.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const char *
geo_place_text(const struct place *place, char buffer[GEO_TEXT_SIZE])
{
    size_t len = 0;
    const char *const codes[] = { place->special ? "special" : "", place->continent,
                                  place->country, place->subdivision };

    buffer[0] = '\0';
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i][0])
            len += (size_t)snprintf(buffer + len, GEO_TEXT_SIZE - len, "%s%s",
                                    len ? " " : "", codes[i]);
    }
    if (place->has_location)
        len += (size_t)snprintf(buffer + len, GEO_TEXT_SIZE - len, "%s%.4g,%.4g",
                                len ? " " : "", (double)place->latitude,
                                (double)place->longitude);
    if (place->asn)
        len += (size_t)snprintf(buffer + len, GEO_TEXT_SIZE - len, "%sAS%u",
                                len ? " " : "", (unsigned)place->asn);
    if (place->tag)
        len += (size_t)snprintf(buffer + len, GEO_TEXT_SIZE - len, "%stag %u",
                                len ? " " : "", (unsigned)place->tag);
    if (len == 0)
        (void)snprintf(buffer, GEO_TEXT_SIZE, "nowhere");
    return buffer;
}

struct addr
geo_addr(const char *text)
{
    struct addr addr = { .family = ADDR_NONE };

    if (addr_parse(text, &addr) != OK)
        fail_msg("'%s' is not an address", text);
    return addr;
}

struct prefix
geo_prefix(const char *text)
{
    struct prefix prefix = { .len = 0 };

    if (prefix_parse(text, &prefix) != OK)
        fail_msg("'%s' is not a prefix", text);
    return prefix;
}

void
geo_check(const struct trie *trie, const struct place_table *places, const char *address,
          const char *text, int len)
{
    char buffer[GEO_TEXT_SIZE];
    uint8_t leaf_len = 0;
    const struct addr addr = geo_addr(address);
    const uint32_t id = trie_find(trie, &addr, &leaf_len);

    geo_place_text(place_get(places, id), buffer);
    if (strcmp(buffer, text) != 0 || (len >= 0 && leaf_len != len))
        fail_msg("%s is '%s' of %u bits, not '%s' of %d", address, buffer,
                 (unsigned)leaf_len, text, len);
}

void
geo_check_message(const struct diag *diag, const char *message)
{
    char text[DIAG_TEXT_MAX];

    assert_int_equal(diag->count, 1);
    (void)diag_format(&diag->messages[0], text, sizeof(text));
    assert_string_equal(text, message);
}

void
geo_folder_init(struct geo_folder *folder)
{
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/mer-geo-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

void
geo_folder_done(struct geo_folder *folder)
{
    DIR *const dir = opendir(folder->path);
    char path[GEO_PATH_SIZE];

    assert_non_null(dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): tests have one thread */
    for (const struct dirent *at = readdir(dir); at; at = readdir(dir))
        (void)unlink(geo_folder_path(folder, at->d_name, path));
    (void)closedir(dir);
    assert_int_equal(rmdir(folder->path), 0);
}

const char *
geo_folder_path(const struct geo_folder *folder, const char *name,
                char buffer[GEO_PATH_SIZE])
{
    (void)snprintf(buffer, GEO_PATH_SIZE, "%s/%.60s", folder->path, name);
    return buffer;
}

void
geo_write(const char *path, const void *bytes, size_t len)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}
