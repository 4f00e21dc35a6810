/* paywatt-sim field: options, start, signals, end. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "sim/field/field.h"
#include "sim/main.h"

#define TERMINALS_MAX 64
#define RELAY_TRAVEL_MS 300

static const char help[] =
    "usage: paywatt-sim field --park FILE --control SOCKET [options]\n"
    "  --park FILE          the park: gateways, lines, meters (the import file of a site)\n"
    "  --control SOCKET     Unix socket for faults, truth and waiting (docs/simulator.md)\n"
    "  --state FILE         keep energies, money, counts and relays across restarts\n"
    "  --seed N             other loads and opening balances (default 1)\n"
    "  --speed X            energy is used X times as fast, 1 to 100000 (default 1)\n"
    "  --baud-pace on|off   keep wire time of the lines (default on)\n"
    "  --relay-travel-ms N  0 to 60000 (default 300)\n"
    "  --net A.B            replaces the first two octets of the gateways' hosts\n"
    "  --pty LINE=PATH      a pseudo terminal for a line, its slave linked at PATH; may be "
    "repeated\n"
    "When all ports are open it prints one line that begins with \"ready\" on standard output.\n";

struct terminal {
    char line[PARK_NAME_MAX];
    const char *path;
};

struct arguments {
    struct field_options options;
    struct terminal terminals[TERMINALS_MAX];
    int terminals_len;
};

struct stopper {
    struct loop_source source;
    struct loop *loop;
};

static int refuse(const char *option, const char *value, const char *why)
{
    fprintf(stderr, "paywatt-sim field: option --%s: %s %s\n", option, value, why);
    return 2;
}

static bool take_number(const char *value, int64_t min, int64_t max, int64_t *number)
{
    return text_parse_int(value, strlen(value), min, max, number) == RC_OK;
}

static bool take_terminal(struct arguments *arguments, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value || equals - value >= PARK_NAME_MAX || equals[1] == '\0' ||
        arguments->terminals_len == TERMINALS_MAX) {
        return false;
    }
    struct terminal *terminal = &arguments->terminals[arguments->terminals_len++];
    memcpy(terminal->line, value, (size_t)(equals - value));
    terminal->line[equals - value] = '\0';
    terminal->path = equals + 1;
    return true;
}

/* "127.51": two octets. */
static bool take_net(struct field_options *options, const char *value)
{
    const char *dot = strchr(value, '.');
    int64_t octet = 0;
    if (dot == NULL || strlen(value) >= sizeof options->net ||
        text_parse_int(value, (size_t)(dot - value), 1, 255, &octet) != RC_OK ||
        !take_number(dot + 1, 0, 255, &octet)) {
        return false;
    }
    text_copy(options->net, sizeof options->net, value);
    return true;
}

enum { O_PARK = 1, O_CONTROL, O_STATE, O_SEED, O_SPEED, O_PACE, O_TRAVEL, O_NET, O_PTY, O_HELP };

static const struct option options[] = {
    {"park", required_argument, NULL, O_PARK},
    {"control", required_argument, NULL, O_CONTROL},
    {"state", required_argument, NULL, O_STATE},
    {"seed", required_argument, NULL, O_SEED},
    {"speed", required_argument, NULL, O_SPEED},
    {"baud-pace", required_argument, NULL, O_PACE},
    {"relay-travel-ms", required_argument, NULL, O_TRAVEL},
    {"net", required_argument, NULL, O_NET},
    {"pty", required_argument, NULL, O_PTY},
    {"help", no_argument, NULL, O_HELP},
    {NULL, 0, NULL, 0},
};

/* NULL, or why the value is refused. */
static const char *take_option(struct arguments *arguments, int option, const char *value)
{
    struct field_options *to = &arguments->options;
    int64_t number = 0;
    switch (option) {
    case O_PARK:
        to->park_path = value;
        return NULL;
    case O_CONTROL:
        to->control_path = value;
        return NULL;
    case O_STATE:
        to->state_path = value;
        return NULL;
    case O_SEED:
        to->seed = take_number(value, 0, INT64_MAX, &number) ? (uint64_t)number : 0;
        return number != 0 || strcmp(value, "0") == 0 ? NULL : "is not a whole number";
    case O_SPEED:
        return take_number(value, 1, 100000, &to->speed) ? NULL : "is not from 1 to 100000";
    case O_PACE:
        to->paced = strcmp(value, "on") == 0;
        return to->paced || strcmp(value, "off") == 0 ? NULL : "is neither on nor off";
    case O_TRAVEL:
        return take_number(value, 0, 60000, &to->relay_travel_ms) ? NULL : "is not from 0 to 60000";
    case O_NET:
        return take_net(to, value) ? NULL : "is not of the form 127.51";
    default:
        return take_terminal(arguments, value) ? NULL : "is not of the form LINE=PATH";
    }
}

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){
        .options = {.seed = 1, .speed = 1, .relay_travel_ms = RELAY_TRAVEL_MS, .paced = true}};
    for (;;) {
        int index = 0;
        int option = getopt_long(argc, argv, "", options, &index);
        if (option == -1) {
            break;
        }
        if (option == '?') {
            return 2;
        }
        if (option == O_HELP) {
            fputs(help, stdout);
            return 0;
        }
        const char *why = take_option(arguments, option, optarg);
        if (why != NULL) {
            return refuse(options[index].name, optarg, why);
        }
    }
    if (optind < argc || arguments->options.park_path == NULL ||
        arguments->options.control_path == NULL) {
        fputs(help, stderr);
        return 2;
    }
    return -1;
}

static void stop(struct loop_source *source, uint32_t events)
{
    (void)events;
    struct stopper *stopper = (struct stopper *)(void *)source;
    loop_stop(stopper->loop);
}

/* Every line may have its connections: as many descriptors as the system allows. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum rc open_signals(struct field *field, struct stopper *stopper)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    stopper->loop = field->loop;
    stopper->source =
        (struct loop_source){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .ready = stop};
    return stopper->source.fd < 0 ? RC_IO : loop_add(field->loop, &stopper->source, EPOLLIN);
}

static enum rc load_state(struct field *field, char *sentence)
{
    if (field->options.state_path == NULL) {
        return RC_OK;
    }
    uint32_t unknown = 0;
    enum rc rc = state_file_read(field, field->options.state_path, sentence, &unknown);
    if (rc == RC_OK && unknown > 0) {
        log_write(LOG_WARNING, "field", "%u meters of the state file are not in the park", unknown);
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc start(struct field *field, const struct arguments *arguments,
                     struct stopper *stopper, char *sentence)
{
    TRY(park_read(arguments->options.park_path, sentence, &field->park));
    TRY(field_build(field));
    TRY(load_state(field, sentence));
    raise_descriptors();
    TRY(loop_new(&field->loop));
    TRY(open_signals(field, stopper));
    TRY(port_open_all(field, sentence));
    for (int i = 0; i < arguments->terminals_len; i++) {
        uint32_t line = 0;
        if (field_find_line(field, arguments->terminals[i].line, &line) != RC_OK) {
            snprintf(sentence, PARK_SENTENCE_MAX, "option --pty: there is no line %s",
                     arguments->terminals[i].line);
            return RC_INVALID;
        }
        TRY(port_terminal(&field->lines[line], arguments->terminals[i].path, sentence));
    }
    TRY(control_open(field, arguments->options.control_path, sentence));
    field_start(field);
    return RC_OK;
}

int field_main(int argc, char **argv)
{
    struct arguments arguments;
    int status = read_arguments(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    log_open("paywatt-sim", LOG_INFO);
    struct field field = {.options = arguments.options};
    struct stopper stopper = {.source.fd = -1};
    char sentence[PARK_SENTENCE_MAX] = "";
    enum rc rc = start(&field, &arguments, &stopper, sentence);
    if (rc == RC_OK) {
        printf("ready %u meters %u lines\n", field.park.meters_len, field.park.lines_len);
        fflush(stdout);
        rc = loop_run(field.loop);
        field_store(&field, true);
    }
    if (rc != RC_OK) {
        fprintf(stderr, "paywatt-sim field: %s\n",
                sentence[0] != '\0' ? sentence : rc_sentence(rc));
    }
    control_close(&field);
    for (int i = 0; i < arguments.terminals_len; i++) {
        (void)unlink(arguments.terminals[i].path);
    }
    if (stopper.source.fd >= 0) {
        close(stopper.source.fd);
    }
    field_release(&field);
    return rc == RC_OK ? 0 : 1;
}
