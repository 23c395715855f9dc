/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a name, once as text and once as wire. What we read from text, ldns reads
 * as the same bytes; what we print, we read back; a question with the name gives the
 * labels and hashes that the name has. */
#include "dns/answer.h"
#include "dns/query_parse.h"
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 2000, QUESTION_TAIL = 4 };

static const uint8_t origin[] = "\7example";

static void
require(bool holds)
{
    if (!holds)
        abort();
}

/* Length of a sound uncompressed name at the beginning; 0: there is none. */
static size_t
sound_len(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && bytes[at] != 0) {
        if (bytes[at] > NAME_LABEL_MAX)
            return 0;
        at += bytes[at] + 1U;
    }
    return at < size && at < NAME_LEN_MAX ? at + 1 : 0;
}

static void
compare_with_ldns(const char *text, const uint8_t *name)
{
    ldns_rdf *const dname = ldns_dname_new_frm_str(text);

    require(dname != NULL);
    require(ldns_rdf_size(dname) == name_len(name));
    require(memcmp(ldns_rdf_data(dname), name, name_len(name)) == 0);
    ldns_rdf_deep_free(dname);
}

static void
check_round_trip(const uint8_t *name)
{
    char text[NAME_TEXT_SIZE];
    uint8_t again[NAME_LEN_MAX];

    (void)name_to_text(name, text);
    require(name_from_text(text, NULL, again) == OK);
    require(name_len(again) == name_len(name));
    require(memcmp(again, name, name_len(name)) == 0);
    compare_with_ldns(text, name);
}

static void
check_text(const uint8_t *data, size_t size)
{
    char text[TEXT_MAX + 1];
    uint8_t *const absolute = malloc(NAME_LEN_MAX); /* so that ASan sees a byte too far */
    uint8_t *const relative = malloc(NAME_LEN_MAX);

    require(absolute && relative);
    memcpy(text, data, size);
    text[size] = '\0';
    const enum status alone = name_from_text(text, NULL, absolute);
    const enum status completed = name_from_text(text, origin, relative);
    if (alone == OK) {
        require(sound_len(absolute, NAME_LEN_MAX) == name_len(absolute));
        require(completed == OK && name_equal(absolute, relative));
        compare_with_ldns(text, absolute);
        check_round_trip(absolute);
    }
    if (completed == OK) {
        require(sound_len(relative, NAME_LEN_MAX) == name_len(relative));
        require(alone == OK || name_is_under(relative, origin));
    }
    free(absolute);
    free(relative);
}

static void
check_query(const uint8_t *name, size_t len)
{
    uint8_t message[DNS_HEADER_LEN + NAME_LEN_MAX + QUESTION_TAIL] = { [5] = 1 };
    uint8_t folded[NAME_LEN_MAX];
    static struct query query;

    memcpy(message + DNS_HEADER_LEN, name, len);
    message[DNS_HEADER_LEN + len + 1] = RR_TYPE_A;
    message[DNS_HEADER_LEN + len + 3] = RR_CLASS_IN;
    require(query_parse(message, DNS_HEADER_LEN + len + QUESTION_TAIL, true, &query) ==
            RCODE_NOERROR);
    require(name_copy_folded(name, folded) == len && query.name_len == len);
    require(memcmp(query.name, folded, len) == 0);
    require(query.label_count == name_label_count(name));
    for (unsigned i = 0; i <= query.label_count; i++)
        require(query.hash[i] == name_hash(folded + query.label[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= TEXT_MAX)
        check_text(data, size);
    const size_t len = sound_len(data, size);
    if (len == 0)
        return 0;
    check_round_trip(data);
    check_query(data, len);
    return 0;
}
