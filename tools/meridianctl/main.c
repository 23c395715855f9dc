/* SPDX-License-Identifier: BSD-2-Clause */
/* meridianctl: finds the command, and what was typed after it. */
#include "tools/meridianctl/ctl.h"
#include <curl/curl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

static const char default_config[] = SYSCONFDIR "/meridian/meridian.yaml";

void
ctl_complain(const char *format, ...)
{
    va_list arguments;

    (void)fputs("meridianctl: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

/* ---- commands --------------------------------------------------------------------- */

enum { ANY_NUMBER = 1 << 16 };

struct command {
    const char *words[2];
    int least, most; /* arguments */
    const char
        *options; /* the letters of those that it takes, beyond -c, -s and --json */
    bool files;   /* reads the configuration's files, never asks a server */
    enum ctl_exit (*run)(const struct ctl *ctl);
    const char *usage;
};

static const struct command commands[] = {
    { { "check", NULL }, 0, 0, "", true, ctl_check, "" },
    { { "import", NULL }, 1, 1, "o", true, ctl_import, "--origin ZONE FILE" },
    { { "explain", NULL },
      1,
      2,
      "fr",
      false,
      ctl_explain,
      "NAME [TYPE] --from PLACE|ADDRESS|PREFIX [--resolver ADDRESS]" },
    { { "zones", NULL }, 0, 0, "", false, ctl_zones, "" },
    { { "zone", "show" }, 1, 3, "", false, ctl_zone_show, "ZONE [NAME [TYPE]]" },
    { { "zone", "export" }, 1, 1, "", false, ctl_zone_show, "ZONE" },
    { { "status", NULL }, 0, 0, "", false, ctl_status, "" },
    { { "stats", NULL }, 0, 0, "", false, ctl_stats, "" },
    { { "reload", NULL }, 0, ANY_NUMBER, "F", false, ctl_reload, "[ZONE...] [--force]" },
    { { "health", "list" }, 0, 0, "", false, ctl_health_list, "" },
    { { "health", "set" },
      2,
      2,
      "SVtRknF",
      false,
      ctl_health_set,
      "SERVER|pool/POOL STATE [--scope PLACE] [--service SERVICE] [--for TIME]\n"
      "                         [--reason TEXT] [--factor 0.3] [--dry-run] [--force]" },
    { { "health", "clear" },
      0,
      1,
      "SVAWn",
      false,
      ctl_health_clear,
      "SERVER|pool/POOL [--scope PLACE] [--service SERVICE] | --all | --writer WRITER" },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
usage(FILE *to)
{
    (void)fputs("usage: meridianctl [-c FILE] [-s SOCKET] [--json] COMMAND\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(
            to, "  %s%s%s %s\n", commands[i].words[0], commands[i].words[1] ? " " : "",
            commands[i].words[1] ? commands[i].words[1] : "", commands[i].usage);
}

/* NULL: there is no such command. */
static const struct command *
find_command(char **words, int count, int *ret_words)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *const command = &commands[i];
        const int needed = command->words[1] ? 2 : 1;
        if (count >= needed && strcmp(words[0], command->words[0]) == 0 &&
            (needed == 1 || strcmp(words[1], command->words[1]) == 0)) {
            *ret_words = needed;
            return command;
        }
    }
    return NULL;
}

/* ---- options ---------------------------------------------------------------------- */

static const struct option options[] = {
    { "json", no_argument, NULL, 'j' },
    { "from", required_argument, NULL, 'f' },
    { "resolver", required_argument, NULL, 'r' },
    { "origin", required_argument, NULL, 'o' },
    { "scope", required_argument, NULL, 'S' },
    { "service", required_argument, NULL, 'V' },
    { "for", required_argument, NULL, 't' },
    { "reason", required_argument, NULL, 'R' },
    { "factor", required_argument, NULL, 'k' },
    { "writer", required_argument, NULL, 'W' },
    { "dry-run", no_argument, NULL, 'n' },
    { "force", no_argument, NULL, 'F' },
    { "all", no_argument, NULL, 'A' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'v' },
    { NULL, 0, NULL, 0 },
};

static const char **
text_option(struct ctl *ctl, int letter)
{
    switch (letter) {
    case 'c': return &ctl->config;
    case 's': return &ctl->socket;
    case 'f': return &ctl->from;
    case 'r': return &ctl->resolver;
    case 'o': return &ctl->origin;
    case 'S': return &ctl->scope;
    case 'V': return &ctl->service;
    case 't': return &ctl->period;
    case 'R': return &ctl->reason;
    case 'k': return &ctl->factor;
    case 'W': return &ctl->writer;
    default: return NULL;
    }
}

static bool *
flag_option(struct ctl *ctl, int letter)
{
    switch (letter) {
    case 'j': return &ctl->json;
    case 'n': return &ctl->dry_run;
    case 'F': return &ctl->force;
    case 'A': return &ctl->all;
    default: return NULL;
    }
}

enum { LETTERS = 128 };

/* False: the usage is to be shown. */
static bool
parse_options(int argc, char **argv, struct ctl *ctl, bool given[LETTERS])
{
    int letter;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
    while ((letter = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
        const char **const text = text_option(ctl, letter);
        bool *const flag = flag_option(ctl, letter);
        if (text)
            *text = optarg;
        else if (flag)
            *flag = true;
        else if (letter != 'v' && letter != 'h')
            return false;
        given[letter] = true;
    }
    return true;
}

/* An option that means nothing to the command is a mistake, never ignored. */
static bool
options_fit(const struct command *command, const bool given[LETTERS])
{
    for (const struct option *option = options; option->name; option++) {
        if (!given[option->val] || option->val == 'j' ||
            strchr(command->options, option->val))
            continue;
        ctl_complain("--%s means nothing to '%s'", option->name, command->words[0]);
        return false;
    }
    return true;
}

static enum ctl_exit
run(const struct command *command, struct ctl *ctl)
{
    if (command->files && !ctl->config)
        ctl->config = default_config;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ctl_complain("libcurl does not start");
        return CTL_FAILED;
    }
    const enum ctl_exit code = command->run(ctl);
    curl_global_cleanup();
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    ctl_complain("cannot write");
    return CTL_FAILED;
}

/* The command that was typed, with its arguments in ctl; NULL: wrong, and said so. */
static const struct command *
understand(int argc, char **argv, const bool given[LETTERS], struct ctl *ctl)
{
    int words = 0;
    const struct command *const command = find_command(argv, argc, &words);

    if (!command) {
        if (argc > 0)
            ctl_complain("unknown command '%s'", argv[0]);
        usage(stderr);
        return NULL;
    }
    ctl->arguments = argv + words;
    ctl->argument_count = argc - words;
    if (ctl->argument_count < command->least || ctl->argument_count > command->most) {
        (void)fprintf(stderr, "usage: meridianctl %s%s%s %s\n", command->words[0],
                      command->words[1] ? " " : "",
                      command->words[1] ? command->words[1] : "", command->usage);
        return NULL;
    }
    return options_fit(command, given) ? command : NULL;
}

int
main(int argc, char **argv)
{
    struct ctl ctl = { 0 };
    bool given[LETTERS] = { false };

    if (!parse_options(argc, argv, &ctl, given)) {
        usage(stderr);
        return CTL_FAILED;
    }
    if (given['h']) {
        usage(stdout);
        return CTL_FINE;
    }
    if (given['v']) {
        (void)printf("meridianctl %s\n", PACKAGE_VERSION);
        return CTL_FINE;
    }
    const struct command *const command =
        understand(argc - optind, argv + optind, given, &ctl);
    if (!command)
        return CTL_FAILED;
    const enum ctl_exit code = run(command, &ctl);
    return (int)code;
}
