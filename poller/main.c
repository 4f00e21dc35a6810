/*
 * paywatt-poller: reads the meters of one shard's lines without pause, stores what they say,
 * carries out orders.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/config.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/flow/command.h"
#include "poller/engine.h"
#include "poller/models_check.h"

#define PROBLEMS_BYTES_MAX 65536
#define STOP_LIMIT_S                                                                               \
    6 /* past this the process ends whatever it waits for; the spool has the rest */

#define CONFIG_DEFAULT "/etc/paywatt/paywatt.ini"
#define MODELS_DEFAULT "/usr/share/paywatt/models"

static volatile bool give_up; /* set while engine_open waits for MariaDB */

static void usage(FILE *out)
{
    (void)fputs(
        "usage: paywatt-poller [--config FILE]              poll the lines of [poller] shard\n"
        "       paywatt-poller [--config FILE] --print-config  the settings with their help\n"
        "       paywatt-poller --models [DIR]               check and print the meter models\n"
        "       paywatt-poller --help\n"
        "SIGTERM ends it within 5 s, SIGHUP reads reloadable settings again.\n"
        "FILE defaults to " CONFIG_DEFAULT ".\n",
        out);
}

struct arguments {
    const char *config_path;
    const char *models;
    bool print_config;
    bool help;
};

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.config_path = CONFIG_DEFAULT};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            arguments->config_path = argv[++i];
        } else if (strcmp(argv[i], "--print-config") == 0) {
            arguments->print_config = true;
        } else if (strcmp(argv[i], "--models") == 0) {
            arguments->models = i + 1 < argc && argv[i + 1][0] != '-' ? argv[++i] : MODELS_DEFAULT;
        } else if (strcmp(argv[i], "--help") == 0) {
            arguments->help = true;
        } else {
            (void)fprintf(stderr, "paywatt-poller: unknown argument %s\n", argv[i]);
            return false;
        }
    }
    return true;
}

static int print_config(const struct config *config)
{
    struct text text CLEANUP(text_release);
    text_init(&text, 1 << 20);
    config_print(config, &text);
    if (text_result(&text) != RC_OK) {
        return EXIT_FAILURE;
    }
    (void)fputs(text_string(&text), stdout);
    return EXIT_SUCCESS;
}

/* What the rules of orders need from the settings file. */
static void tell_rules(const struct config *config)
{
    command_configure(config_bool(config, CONFIG_site_simulated),
                      config_int(config, CONFIG_poller_stale_s) * 1000);
}

static void reload(struct engine *engine, struct config *config)
{
    struct text problems CLEANUP(text_release);
    struct text restart CLEANUP(text_release);
    text_init(&problems, PROBLEMS_BYTES_MAX);
    text_init(&restart, PROBLEMS_BYTES_MAX);
    if (config_reload(config, &problems, &restart) != RC_OK) {
        log_write(LOG_ERROR, "settings", "nothing changed: %s", text_string(&problems));
        return;
    }
    log_open("paywatt-poller", config_log_level(config));
    tell_rules(config);
    engine_reload(engine);
    log_write(LOG_INFO, "settings", "read again");
    if (restart.len > 0) {
        log_write(LOG_WARNING, "settings", "only a restart takes: %s", text_string(&restart));
    }
}

/* All signals are blocked in every thread; this one takes them one by one. */
static void serve(struct engine *engine, struct config *config, const sigset_t *signals)
{
    for (;;) {
        int number = 0;
        if (sigwait(signals, &number) != 0) {
            continue;
        }
        if (number != SIGHUP) {
            log_write(LOG_INFO, "", "ending on signal %d", number);
            return;
        }
        reload(engine, config);
    }
}

static void on_early_end(int number)
{
    (void)number;
    give_up = true;
}

/* While MariaDB is waited for SIGTERM must end us too. */
static void catch_early_end(bool on)
{
    struct sigaction action = {.sa_handler = on ? on_early_end : SIG_DFL};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

static int poll_lines(struct config *config)
{
    static struct engine engine;
    sigset_t signals;
    struct text problem CLEANUP(text_release);
    text_init(&problem, PROBLEMS_BYTES_MAX);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    catch_early_end(true);
    enum rc rc = engine_open(&engine, config, &give_up, &problem);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    catch_early_end(false);
    if (rc == RC_OK && !give_up) {
        rc = engine_start(&engine);
    }
    if (rc == RC_OK && !give_up) {
        log_write(LOG_INFO, "", "polling");
        serve(&engine, config, &signals);
    } else if (!give_up) {
        log_write(LOG_ERROR, "", "cannot start: %s",
                  problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    (void)alarm(STOP_LIMIT_S);
    engine_stop(&engine);
    engine_close(&engine);
    return rc == RC_OK || give_up ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse_arguments(argc, argv, &arguments)) {
        usage(stderr);
        return 2;
    }
    if (arguments.help) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    log_open("paywatt-poller", LOG_INFO);
    if (arguments.models != NULL) {
        return models_check(arguments.models, stdout) == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    /* Many small threads: two arenas and early trimming keep the process small. */
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    struct text problems CLEANUP(text_release);
    text_init(&problems, PROBLEMS_BYTES_MAX);
    struct config *config CLEANUP(config_free) = NULL;
    enum rc rc = config_load(arguments.config_path, &problems, &config);
    if (rc != RC_OK) {
        (void)fprintf(stderr, "paywatt-poller: %s\n%s", rc_sentence(rc), text_string(&problems));
        return EXIT_FAILURE;
    }
    if (arguments.print_config) {
        return print_config(config);
    }
    log_open("paywatt-poller", config_log_level(config));
    tell_rules(config);
    return poll_lines(config);
}
