/* SPDX-License-Identifier: BSD-2-Clause */
/* Plays scenarios: those named, or else all *.txt of $srcdir/tests/replay. Prints TAP. */
#include "tests/lib/replay.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static size_t
play_all(char *const *paths, size_t count)
{
    size_t number = 0;
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        failed += replay_play(paths[i], &number);
    printf("1..%zu\n", number);
    return failed;
}

int
main(int argc, char **argv)
{
    const char *const folder = getenv("srcdir");
    char pattern[4096];
    glob_t found;

    if (argc > 1)
        return play_all(argv + 1, (size_t)argc - 1) == 0 ? 0 : 1;
    snprintf(pattern, sizeof(pattern), "%s/tests/replay/*.txt", folder ? folder : ".");
    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "replay: no scenario matches '%s'\n", pattern);
        return 1;
    }
    const size_t failed = play_all(found.gl_pathv, found.gl_pathc);
    globfree(&found);
    return failed == 0 ? 0 : 1;
}
