/* SPDX-License-Identifier: BSD-2-Clause */
/* meridianctl: what was typed, and the commands. Each command prints to standard output,
 * its complaints to standard error, and returns the program's exit code. */
#ifndef TOOLS_MERIDIANCTL_CTL_H
#define TOOLS_MERIDIANCTL_CTL_H
#include <jansson.h>
#include <stdbool.h>

/* FORMATS.md "meridianctl". */
enum ctl_exit { CTL_FINE = 0, CTL_NO = 1, CTL_FAILED = 2 };

struct ctl {
    const char *config;   /* -c; NULL: ask the server */
    const char *socket;   /* -s; NULL: the configuration's */
    bool json;            /* --json */
    bool force;           /* --force */
    bool dry_run;         /* --dry-run */
    bool all;             /* --all */
    const char *from;     /* --from */
    const char *resolver; /* --resolver */
    const char *origin;   /* --origin */
    const char *scope;    /* --scope */
    const char *service;  /* --service */
    const char *period;   /* --for */
    const char *reason;   /* --reason */
    const char *factor;   /* --factor */
    const char *writer;   /* --writer */
    char **arguments;     /* after the command; NULL-terminated */
    int argument_count;
};

/* Files */
enum ctl_exit ctl_check(const struct ctl *ctl);
enum ctl_exit ctl_import(const struct ctl *ctl);
/* Answers */
enum ctl_exit ctl_explain(const struct ctl *ctl);
enum ctl_exit ctl_zones(const struct ctl *ctl);
enum ctl_exit ctl_zone_show(const struct ctl *ctl);
/* The running server */
enum ctl_exit ctl_status(const struct ctl *ctl);
enum ctl_exit ctl_stats(const struct ctl *ctl);
enum ctl_exit ctl_reload(const struct ctl *ctl);
/* Health */
enum ctl_exit ctl_health_list(const struct ctl *ctl);
enum ctl_exit ctl_health_set(const struct ctl *ctl);
enum ctl_exit ctl_health_clear(const struct ctl *ctl);

/* "meridianctl: …" on standard error. */
void ctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
