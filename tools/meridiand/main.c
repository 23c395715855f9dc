/* SPDX-License-Identifier: BSD-2-Clause */
/* meridiand: reads the configuration, binds, drops privileges, loads, answers; and the
 * control loop, which never builds. */
#include "dns/base/diag.h"
#include "dns/base/log.h"
#include "dns/server.h"
#include "tools/meridiand/daemon.h"
#include "tools/meridiand/http.h"
#include "tools/meridiand/notify.h"
#include "tools/meridiand/watch.h"
#include "zones/stamps.h"
#include "zones/state.h"
#include "zones/store.h"
#include <event2/event.h>
#include <event2/thread.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

enum exit_code { EXIT_DONE = 0, EXIT_BAD_CONFIG = 1, EXIT_NOT_STARTED = 2 };
enum { PORT_MAX = 65535, SIGNALS = 3 };

struct arguments {
    const char *config;
    bool check_only;
    bool has_port;
    uint16_t port;
};

/* ---- hooks of the store: any lane's thread ---------------------------------------- */

void
daemon_wake(struct daemon *daemon)
{
    event_active(daemon->wake, 0, 0);
}

static void
store_changed(void *context)
{
    struct daemon *const daemon = context;

    pthread_mutex_lock(&daemon->mutex);
    daemon->paths_changed = true;
    pthread_mutex_unlock(&daemon->mutex);
    if (daemon->wake)
        daemon_wake(daemon);
}

static void
store_reports(void *context, const struct diag *diag, const char *what)
{
    (void)context;
    log_diag(diag);
    if (diag->error_count > 0)
        log_line(LOG_LEVEL_WARNING,
                 "%s: %zu errors; what they are about is as it was before", what,
                 diag->error_count);
    else
        log_line(LOG_LEVEL_INFO, "%s: done", what);
}

/* ---- the control loop ------------------------------------------------------------- */

/* Appends the paths, borrowed; where the next ones go. */
static size_t
put_paths(char **all, size_t at, const struct stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        all[at++] = stamps->items[i].path;
    return at;
}

static void
renew_watches(struct daemon *daemon)
{
    char **const paths = store_watch_paths(daemon->store);
    const struct stamps *const own = &daemon->config->files;
    const struct stamps *const refused = &daemon->refused_files;
    size_t count = 0;

    while (paths && paths[count])
        count++;
    char **const all = calloc(count + own->count + refused->count + 1, sizeof(*all));
    if (paths && all && daemon->watch) {
        memcpy(all, paths, count * sizeof(*all));
        count = put_paths(all, count, own);
        (void)put_paths(all, count, refused);
        watch_set(daemon->watch, all, daemon->config->store.health_folder);
    }
    free(all);
    store_paths_free(paths);
}

static void files_changed(void *context, bool data, bool health);

/* As the configuration says; the folders to watch are known after the next load. */
static void
start_watching(struct daemon *daemon)
{
    watch_free(daemon->watch);
    daemon->watch = NULL;
    if (daemon->config->watch && watch_new(daemon->loop, daemon->config->settle_ms,
                                           files_changed, daemon, &daemon->watch) != OK)
        log_line(LOG_LEVEL_WARNING,
                 "inotify is not to be had: changes need 'meridianctl reload'");
}

static void
woken(evutil_socket_t fd, short what, void *context)
{
    struct daemon *const daemon = context;

    (void)fd;
    (void)what;
    pthread_mutex_lock(&daemon->mutex);
    const bool paths_changed = daemon->paths_changed;
    daemon->paths_changed = false;
    pthread_mutex_unlock(&daemon->mutex);
    if (paths_changed)
        renew_watches(daemon);
    http_finish(daemon);
}

/* What a configuration gets of this process: the port of -p, and a cookie secret. */
static void
complete_config(const struct daemon *daemon, struct config *config)
{
    for (size_t i = 0; daemon->has_port && i < config->listen_count; i++)
        config->listen[i].port = daemon->port;
    config_set_cookie_secret(config, daemon->cookie_secret);
}

/* Takes meridian.yaml as it is now, if that differs from what is loaded: a new
 * configuration has everything read again. ERR_INVALID: refused, the errors are in diag.
 */
static enum status
renew_config(struct daemon *daemon, bool reread, struct diag *diag, bool *ret_read)
{
    struct config *config;

    if (!reread && !daemon->config_refused && !stamps_changed(&daemon->config->files))
        return OK;
    *ret_read = true;
    stamps_clear(&daemon->refused_files);
    const enum status status =
        config_load(daemon->config_path, diag, &daemon->refused_files, &config);
    daemon->config_refused = status != OK;
    if (status != OK)
        return status;
    complete_config(daemon, config);
    config_tell_fixed(daemon->started_with, config, diag);
    const struct config *const old = daemon->config;
    const bool other_watch =
        old->watch != config->watch || old->settle_ms != config->settle_ms;
    part_drop(&daemon->config->store.part);
    daemon->config = config;
    if (other_watch)
        start_watching(daemon);
    return OK;
}

enum status
daemon_reload(struct daemon *daemon, const struct store_reload *reload, struct diag *diag)
{
    struct store_reload asked = *reload;
    struct diag own;

    diag_init(&own);
    bool read = false;
    const enum status loaded = renew_config(daemon, reload->reread, &own, &read);
    if (diag)
        diag_append(diag, &own);
    if (loaded == OK)
        asked.config = &daemon->config->store;
    asked.said = read ? &own : NULL;
    const enum status queued =
        loaded == ERR_NOMEM ? loaded : store_reload(daemon->store, &asked);
    diag_done(&own);
    if (queued != OK)
        return queued;
    return reload->done ? OK : store_reload_health(daemon->store, true);
}

static void
reload_now(struct daemon *daemon, bool reread)
{
    struct store_reload reload = { .reread = reread };

    if (daemon_reload(daemon, &reload, NULL) != OK)
        log_line(LOG_LEVEL_ERROR, "reload: out of memory; all stays as it is");
}

static void
files_changed(void *context, bool data, bool health)
{
    struct daemon *const daemon = context;

    if (health && store_reload_health(daemon->store, false) != OK)
        log_line(LOG_LEVEL_ERROR, "health: out of memory");
    if (data)
        reload_now(daemon, false);
}

static void
stop_signal(evutil_socket_t signal_number, short what, void *context)
{
    struct daemon *const daemon = context;

    (void)signal_number;
    (void)what;
    event_base_loopexit(daemon->loop, NULL);
}

static void
hup_signal(evutil_socket_t signal_number, short what, void *context)
{
    (void)signal_number;
    (void)what;
    reload_now(context, true);
}

/* ---- start ------------------------------------------------------------------------ */

static void
usage(void)
{
    (void)fprintf(stderr, "usage: meridiand [-c FILE] [-t] [-p PORT] [-V]\n");
}

static bool
parse_port(const char *text, uint16_t *ret_port)
{
    char *end;
    const unsigned long port = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || port > PORT_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* False: the program ends with *ret_code. */
static bool
parse_arguments(int argc, char **argv, struct arguments *arguments, int *ret_code)
{
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before there are threads */
    while ((option = getopt(argc, argv, "c:tp:Vh")) != -1) {
        *ret_code = option == 'h' || option == 'V' ? EXIT_DONE : EXIT_NOT_STARTED;
        if (option == 'c') {
            arguments->config = optarg;
        } else if (option == 't') {
            arguments->check_only = true;
        } else if (option == 'p' && parse_port(optarg, &arguments->port)) {
            arguments->has_port = true;
        } else if (option == 'V') {
            (void)printf("meridiand %s\n", PACKAGE_VERSION);
            return false;
        } else {
            usage();
            return false;
        }
    }
    *ret_code = EXIT_NOT_STARTED;
    if (optind == argc)
        return true;
    usage();
    return false;
}

static void
print_diag(const struct diag *diag)
{
    char text[2 * DIAG_TEXT_MAX];

    for (size_t i = 0; i < diag->count; i++) {
        diag_format(&diag->messages[i], text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
    }
}

/* -t: loads everything as a start would, and says what is wrong. Errors of the
 * configuration do not hide those of the files it leads to. */
static int
check(const char *path, struct diag *diag)
{
    const struct store_hooks hooks = { 0 };
    struct config *config;
    struct store *store;
    enum status status = config_check(path, diag, &config);

    if (config && status != ERR_NOMEM && (status = store_new(&hooks, &store)) == OK) {
        status = store_load(store, &config->store, true, diag);
        store_free(store);
    }
    if (config)
        part_drop(&config->store.part);
    print_diag(diag);
    if (status != OK || diag->error_count > 0)
        return EXIT_BAD_CONFIG;
    (void)fprintf(stderr, "%s: no errors, %zu warnings\n", path, diag->warning_count);
    return EXIT_DONE;
}

/* The state folder should be there and belong to whom we become; without it nothing
 * survives a restart, but everything is answered. */
static void
prepare_state(const struct config *config, const struct passwd *user)
{
    const char *const state = config->store.state;

    if (!state[0])
        return;
    if (state_make_folder(state) != OK) {
        log_line(LOG_LEVEL_ERROR,
                 "cannot make the state folder '%s': nothing will survive a restart",
                 state);
        return;
    }
    if (user && chown(state, user->pw_uid, user->pw_gid) != 0)
        log_line(LOG_LEVEL_WARNING, "cannot give '%s' to user '%s'", state,
                 user->pw_name);
}

/* What root could read may be closed to the user: told now, not at the first reload. */
static void
check_readable(const struct config *config)
{
    const struct stamps *const files = &config->files;

    for (size_t i = 0; i < files->count; i++) {
        if (access(files->items[i].path, R_OK) != 0)
            log_line(LOG_LEVEL_WARNING,
                     "user '%s' cannot read '%s': the next reload will be refused",
                     config->user, files->items[i].path);
    }
}

static enum status
become_user(const struct config *config)
{
    const struct passwd *user = NULL;

    if (config->user && geteuid() == 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): before there are threads */
        user = getpwnam(config->user);
        if (!user) {
            log_line(LOG_LEVEL_ERROR, "user: '%s' does not exist", config->user);
            return ERR_NOENT;
        }
    }
    prepare_state(config, user);
    if (!user)
        return OK;
    if (config->control[0])
        (void)!chown(config->control, user->pw_uid, user->pw_gid);
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        log_line(LOG_LEVEL_ERROR, "cannot become user '%s'", config->user);
        return ERR_IO;
    }
    check_readable(config);
    return OK;
}

static unsigned
worker_count(const struct config *config)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->workers)
        return config->workers;
    return cpus > 0 ? (unsigned)cpus : 1;
}

/* All sockets, while we may. */
static enum status
bind_all(struct daemon *daemon, struct diag *diag)
{
    const struct config *const config = daemon->config;
    const struct server_options options = {
        .listen = config->listen,
        .listen_count = config->listen_count,
        .workers = worker_count(config),
        .tcp_clients_max = config->tcp_clients_max,
        .tcp_idle_ms = (unsigned)config->tcp_idle_ms,
        .answerer = store_answerer(daemon->store),
    };
    const enum status status = server_new(&options, diag, &daemon->server);

    return status == OK ? http_new(daemon, diag, &daemon->http) : status;
}

static enum status
start_control(struct daemon *daemon, struct event *signals[SIGNALS])
{
    signals[0] = evsignal_new(daemon->loop, SIGTERM, stop_signal, daemon);
    signals[1] = evsignal_new(daemon->loop, SIGINT, stop_signal, daemon);
    signals[2] = evsignal_new(daemon->loop, SIGHUP, hup_signal, daemon);
    for (size_t i = 0; i < SIGNALS; i++) {
        if (!signals[i] || evsignal_add(signals[i], NULL) != 0)
            return ERR_NOMEM;
    }
    start_watching(daemon);
    return OK;
}

static void
say_ready(const struct daemon *daemon)
{
    const struct endpoint *endpoints;
    const size_t count = server_endpoints(daemon->server, &endpoints);
    char text[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; i < count; i++)
        log_line(LOG_LEVEL_INFO, "listening on %s", endpoint_text(&endpoints[i], text));
    log_line(LOG_LEVEL_INFO, "ready");
    notify("READY=1\nSTATUS=answering\n");
}

static int
start_and_run(struct daemon *daemon)
{
    struct event *signals[SIGNALS] = { NULL };
    struct diag diag;

    diag_init(&diag);
    enum status status = bind_all(daemon, &diag);
    log_diag(&diag);
    diag_done(&diag);
    if (status == OK)
        status = become_user(daemon->config);
    if (status == OK)
        status = start_control(daemon, signals);
    if (status == OK)
        status = store_start(daemon->store, &daemon->config->store);
    if (status == OK)
        status = server_start(daemon->server);
    if (status == OK) {
        renew_watches(daemon);
        say_ready(daemon);
        event_base_dispatch(daemon->loop);
        notify("STOPPING=1\n");
        log_line(LOG_LEVEL_INFO, "stopping");
        server_stop(daemon->server);
    } else {
        log_line(LOG_LEVEL_ERROR, "cannot start: %s", status_text(status));
    }
    store_stop(daemon->store);
    watch_free(daemon->watch);
    daemon->watch = NULL;
    http_finish(daemon);
    (void)event_base_loop(daemon->loop, EVLOOP_NONBLOCK); /* the last replies go out */
    http_finish(daemon);
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i])
            event_free(signals[i]);
    }
    return status == OK ? EXIT_DONE : EXIT_NOT_STARTED;
}

static int
run(struct daemon *daemon)
{
    const struct store_hooks hooks = { .context = daemon,
                                       .changed = store_changed,
                                       .report = store_reports };
    int code = EXIT_NOT_STARTED;

    daemon->loop = event_base_new();
    daemon->wake = daemon->loop ? event_new(daemon->loop, -1, 0, woken, daemon) : NULL;
    if (daemon->wake && store_new(&hooks, &daemon->store) == OK)
        code = start_and_run(daemon);
    http_free(daemon->http);
    watch_free(daemon->watch);
    server_free(daemon->server);
    store_free(daemon->store);
    if (daemon->wake)
        event_free(daemon->wake);
    if (daemon->loop)
        event_base_free(daemon->loop);
    return code;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = { .config = SYSCONFDIR "/meridian/meridian.yaml" };
    struct daemon daemon = { .mutex = PTHREAD_MUTEX_INITIALIZER, .started = time(NULL) };
    struct diag diag;
    int code;

    if (!parse_arguments(argc, argv, &arguments, &code))
        return code;
    log_init(LOG_LEVEL_INFO);
    diag_init(&diag);
    if (arguments.check_only) {
        code = check(arguments.config, &diag);
        diag_done(&diag);
        libevent_global_shutdown();
        return code;
    }
    if (!config_make_cookie_secret(daemon.cookie_secret)) {
        log_line(LOG_LEVEL_ERROR, "cannot start: the system gives no random bytes");
        return EXIT_NOT_STARTED;
    }
    if (config_load(arguments.config, &diag, NULL, &daemon.config) != OK) {
        print_diag(&diag);
        diag_done(&diag);
        return EXIT_BAD_CONFIG;
    }
    daemon.has_port = arguments.has_port;
    daemon.port = arguments.port;
    complete_config(&daemon, daemon.config);
    struct config *const first = daemon.config;
    part_hold(&first->store.part);
    daemon.started_with = first;
    daemon.config_path = arguments.config;
    log_diag(&diag);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)evthread_use_pthreads();
    code = run(&daemon);
    diag_done(&diag);
    part_drop(&daemon.config->store.part);
    part_drop(&first->store.part);
    stamps_done(&daemon.refused_files);
    libevent_global_shutdown();
    return code;
}
