/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/replay.h"
#include "dns/serve.h"
#include "dns/stats.h"
#include "tools/meridiand/config.h"
#include "zones/snapshot.h"
#include "zones/store.h"
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const default_config = "state: state\nhttp: \"\"\ncontrol: \"\"\n"
                                          "zones: {directory: zones}\n";
static const char *const default_routing = "routing: routing.yaml\n";

struct play {
    const char *path;
    FILE *in;
    unsigned line;
    char *text; /* the current line, without its end */
    size_t text_size;
    bool again; /* text has not been used yet */
    char folder[PATH_MAX];
    bool loaded;
    bool broken; /* errors are expected */
    struct store *store;
    const struct store_view *view;
    struct stats *stats;
    size_t number;
    size_t failed;
};

static void
die(const char *what, const char *name)
{
    fprintf(stderr, "replay: %s '%s': %s\n", what, name, strerror(errno));
    exit(1);
}

/* ---- lines ------------------------------------------------------------------------ */

static bool
next_line(struct play *play)
{
    if (play->again) {
        play->again = false;
        return true;
    }
    if (getline(&play->text, &play->text_size, play->in) < 0)
        return false;
    play->text[strcspn(play->text, "\n")] = 0;
    play->line++;
    return true;
}

/* The value of a line that begins with this word, or NULL. */
static char *
line_value(struct play *play, const char *word)
{
    const size_t len = strlen(word);

    return strncmp(play->text, word, len) == 0 && play->text[len] == ' '
               ? play->text + len + 1
               : NULL;
}

static void
tell(struct play *play, bool fine, const char *what)
{
    play->number++;
    play->failed += !fine;
    printf("%s %zu - %s:%u %s\n", fine ? "ok" : "not ok", play->number, play->path,
           play->line, what);
}

/* ---- files ------------------------------------------------------------------------ */

static void
make_path(const struct play *play, const char *name, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/%s", play->folder, name) >= PATH_MAX)
        die("too long a name", name);
    for (char *at = path + strlen(play->folder) + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            die("cannot make the folder", path);
        *at = '/';
    }
}

static FILE *
create(const struct play *play, const char *name)
{
    char path[PATH_MAX];

    make_path(play, name, path);
    FILE *const out = fopen(path, "w");
    if (!out)
        die("cannot write", path);
    return out;
}

/* Up to the line "end". */
static void
read_file_block(struct play *play, const char *name)
{
    FILE *const out = create(play, name);

    while (next_line(play) && strcmp(play->text, "end") != 0)
        fprintf(out, "%s\n", play->text);
    fclose(out);
}

static int
remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static bool
has_file(const struct play *play, const char *name)
{
    char path[PATH_MAX];

    make_path(play, name, path);
    return access(path, F_OK) == 0;
}

/* ---- the configuration ------------------------------------------------------------ */

static void
unload(struct play *play)
{
    if (play->store) {
        store_release(play->store, play->view);
        store_free(play->store);
    }
    play->store = NULL;
    play->view = NULL;
    play->loaded = false;
}

static void
print_messages(const struct diag *diag)
{
    for (size_t i = 0; i < diag->count; i++) {
        char text[DIAG_TEXT_MAX];
        diag_format(&diag->messages[i], text, sizeof(text));
        printf("# %s\n", text);
    }
}

static bool
load_into_store(struct play *play, struct diag *diag)
{
    char path[PATH_MAX];
    struct config *config = NULL;
    const struct store_hooks hooks = { 0 };

    make_path(play, "meridian.yaml", path);
    if (config_load(path, diag, NULL, &config) != OK)
        return false;
    bool fine = store_new(&hooks, &play->store) == OK &&
                store_load(play->store, &config->store, true, diag) == OK;
    part_drop(&config->store.part);
    if (play->store)
        play->view = store_hold(play->store);
    fine = fine && diag->error_count == 0;
    return play->view && fine != play->broken;
}

static void
load(struct play *play)
{
    struct diag diag;

    if (!has_file(play, "meridian.yaml")) {
        FILE *const out = create(play, "meridian.yaml");
        fputs(default_config, out);
        if (has_file(play, "routing.yaml"))
            fputs(default_routing, out);
        fclose(out);
    }
    diag_init(&diag);
    if (!load_into_store(play, &diag)) {
        tell(play, false,
             play->broken ? "loading finds errors" : "the configuration loads");
        print_messages(&diag);
    }
    diag_done(&diag);
    play->loaded = true;
}

/* ---- questions ------------------------------------------------------------------------
 */

/* What is expected: indented lines. "some …" may be there or not; "count SECTION N" says
 * how many there are. */
struct expected {
    char *lines[REPLAY_LINES_MAX];
    bool some[REPLAY_LINES_MAX];
    size_t count;
    char counts[4][32];
    size_t counts_used;
};

static void
add_expected(struct play *play, struct expected *expected, const char *text)
{
    if (strncmp(text, "count ", 6) == 0 && expected->counts_used < 4) {
        snprintf(expected->counts[expected->counts_used++], 32, "%s", text + 6);
        return;
    }
    const bool some = strncmp(text, "some ", 5) == 0;
    char *const line = replay_line_normal(some ? text + 5 : text);
    if (!line || expected->count == REPLAY_LINES_MAX) {
        fprintf(stderr, "%s:%u: cannot understand '%s'\n", play->path, play->line, text);
        exit(1);
    }
    expected->some[expected->count] = some;
    expected->lines[expected->count++] = line;
}

static void
read_expected(struct play *play, struct expected *expected)
{
    memset(expected, 0, sizeof(*expected));
    while (next_line(play)) {
        if (play->text[0] != ' ') {
            play->again = true;
            return;
        }
        const char *const text = play->text + strspn(play->text, " ");
        if (*text && *text != '#')
            add_expected(play, expected, text);
    }
}

static bool
take_expected(struct expected *expected, const char *line)
{
    for (size_t i = 0; i < expected->count; i++) {
        if (!expected->lines[i] || strcmp(expected->lines[i], line) != 0)
            continue;
        free(expected->lines[i]);
        expected->lines[i] = NULL;
        return true;
    }
    return false;
}

static bool
counts_hold(struct expected *expected, char *const lines[], size_t count)
{
    bool fine = true;

    for (size_t i = 0; i < expected->counts_used; i++) {
        char *const number = strchr(expected->counts[i], ' ');
        size_t found = 0;
        if (!number)
            die("bad count", expected->counts[i]);
        const size_t wanted = strtoul(number, NULL, 10);
        const size_t section_len = (size_t)(number - expected->counts[i]);
        for (size_t n = 1; n < count; n++)
            found += strncmp(lines[n], expected->counts[i], section_len) == 0;
        if (found != wanted)
            printf("# %zu records instead of %s\n", found, expected->counts[i]);
        fine = fine && found == wanted;
    }
    return fine;
}

static bool
compare(struct expected *expected, char *const lines[], size_t count)
{
    bool fine = expected->count > 0 && expected->lines[0] &&
                strcmp(expected->lines[0], lines[0]) == 0 &&
                counts_hold(expected, lines, count);

    for (size_t i = 0; i < count; i++) {
        if (take_expected(expected, lines[i]))
            continue;
        printf("# got:      %s\n", lines[i]);
        fine = false;
    }
    for (size_t i = 0; i < expected->count; i++) {
        if (expected->lines[i] && !expected->some[i]) {
            printf("# expected: %s\n", expected->lines[i]);
            fine = false;
        }
        free(expected->lines[i]);
    }
    return fine;
}

static size_t
put_question(struct play *play, const struct replay_question *question, uint8_t *reply)
{
    const struct snapshot *const snapshot = store_view_snapshot(play->view);
    static struct serve serve; /* large */

    serve = (struct serve){ .answerer = store_answerer(play->store),
                            .snapshot = snapshot,
                            .settings = &snapshot->settings,
                            .stats = play->stats,
                            .now_s = question->now_s,
                            .random_state = question->random };
    return serve_message(&serve, question->message, question->len, &question->source,
                         question->tcp, reply, REPLAY_MESSAGE_MAX);
}

static void
ask(struct play *play, const char *text)
{
    static struct replay_question question;
    static uint8_t reply[REPLAY_MESSAGE_MAX];
    static struct expected expected;
    char *lines[REPLAY_LINES_MAX];
    char *const name = strdup(text);
    char *const words = strdup(text);
    const unsigned line = play->line;

    if (!play->loaded)
        load(play);
    if (!replay_question_parse(words, &question)) {
        fprintf(stderr, "%s:%u: cannot understand the question '%s'\n", play->path, line,
                name);
        exit(1);
    }
    read_expected(play, &expected);
    bool fine = false;
    if (play->view) {
        const size_t len = put_question(play, &question, reply);
        const size_t count = replay_reply_lines(reply, len, lines);
        fine = compare(&expected, lines, count);
        for (size_t i = 0; i < count; i++)
            free(lines[i]);
    }
    const unsigned end = play->line;
    play->line = line;
    tell(play, fine, name);
    play->line = end;
    free(name);
    free(words);
}

/* ---- a scenario ------------------------------------------------------------------- */

static void
play_line(struct play *play)
{
    char *value;

    if (!play->text[0] || play->text[0] == '#')
        return;
    if ((value = line_value(play, "file"))) {
        char name[PATH_MAX];
        snprintf(name, sizeof(name), "%s", value);
        unload(play);
        read_file_block(play, name);
    } else if ((value = line_value(play, "ask"))) {
        ask(play, value);
    } else if (strcmp(play->text, "broken") == 0) {
        unload(play);
        play->broken = true;
    } else {
        fprintf(stderr, "%s:%u: cannot understand '%s'\n", play->path, play->line,
                play->text);
        exit(1);
    }
}

size_t
replay_play(const char *path, size_t *number)
{
    struct play play = { .path = path, .in = fopen(path, "r"), .number = *number };
    const char *const temporary = getenv("TMPDIR");

    if (!play.in)
        die("cannot read", path);
    snprintf(play.folder, sizeof(play.folder), "%s/meridian-replay-XXXXXX",
             temporary ? temporary : "/tmp");
    if (!mkdtemp(play.folder))
        die("cannot make the folder", play.folder);
    play.stats = calloc(1, sizeof(*play.stats));
    while (next_line(&play))
        play_line(&play);
    unload(&play);
    fclose(play.in);
    free(play.text);
    free(play.stats);
    nftw(play.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    *number = play.number;
    return play.failed;
}
