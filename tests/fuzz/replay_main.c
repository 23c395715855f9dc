/* SPDX-License-Identifier: BSD-2-Clause */
/* A plain main for a fuzz target: runs it once over every file named. What libFuzzer does
 * when it is given files. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 1 << 24 };

/* Reads at most INPUT_MAX bytes. NULL: said why. */
static uint8_t *
read_input(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    uint8_t *exact = NULL;

    if (!file || !data) {
        perror(path);
        goto out;
    }
    *ret_len = fread(data, 1, INPUT_MAX, file);
    exact =
        realloc(data, *ret_len ? *ret_len : 1); /* so that ASan sees one byte too far */
    if (exact)
        data = NULL;
out:
    free(data);
    if (file)
        (void)fclose(file);
    return exact;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t len = 0;
        uint8_t *data = read_input(argv[i], &len);

        if (!data)
            return 2;
        (void)LLVMFuzzerTestOneInput(data, len);
        free(data);
    }
    return 0;
}
