/* paywattctl --config INI NOUN VERB ...: finds the row of the command, reads options and settings,
 * runs it. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/store/role.h"
#include "ctl/ctl.h"

#define ARENA_BYTES ((size_t)256 << 20)
#define DEFAULT_CONFIG "/etc/paywatt/paywatt.ini"

/* Of two that begin alike the longer one stands first. */
static const struct ctl_command commands[] = {
    {"audit verify", "", "", "recompute the chain over the audit log and say whether it is whole",
     0, 0, ctl_audit_verify},
    {"backup list", "", "--check",
     "backups in [backup] folder; --check reads every byte and names a damaged file", 0, 0,
     ctl_backup_list},
    {"backup", "", "", "make a backup now and prove it by restoring it into a private server", 0, 0,
     ctl_backup_make},
    {"check", "", "", "check every invariant of the database and the audit chain", 0, 0, ctl_check},
    {"config print", "", "", "print the table of settings with help, default and present value", 0,
     0, ctl_config_print},
    {"import", "FILE | undo ID | list", "--dry-run --commit --probe --reason=",
     "check a park file row by row; --probe asks each meter; --commit writes it in one step", 1, 2,
     ctl_import},
    {"line list", "", "", "lines, whether they may be written to, their cycle", 0, 0,
     ctl_line_list},
    {"line read-only", "CODE|all", "--reason=", "let no write frame leave on a line", 1, 1,
     ctl_line_read_only},
    {"line writable", "CODE|all", "--reason=", "let orders out on a line; a new line is read-only",
     1, 1, ctl_line_writable},
    {"migrate", "", "--root-socket-user=",
     "bring the database to this version; with root's rights also users and grants", 0, 0,
     ctl_migrate},
    {"model accept", "MODEL", "--meter= --amount-fen= --hoard-fen= --reason=",
     "recorded run on one meter that nobody has opened: purchase, repeat, gap, zero, over-hoard", 1,
     1, ctl_model_accept},
    {"model check", "FILE", "", "check a model file without a meter", 1, 1, ctl_model_check},
    {"model list", "", "", "models the database knows, with orders and capabilities", 0, 0,
     ctl_model_list},
    {"model register", "", "", "register the model files of [paths] models (migrate does it too)",
     0, 0, ctl_model_register},
    {"model test", "FILE", "--line= --address=",
     "read one live meter with a model file, through the poller; prints each point", 1, 1,
     ctl_model_test},
    {"partition show", "", "", "months of the history table and their size", 0, 0,
     ctl_partition_show},
    {"proof", "", "--day= --to= --all",
     "the daily proof: opening, paid in, used, refunded, corrected, closing; by building, what "
     "differs,"
     " what waits; --all prints every supply",
     0, 0, ctl_proof},
    {"restore", "BACKUP", "--root-socket-user= --replay --until= --binlogs= --yes --reason=",
     "go back to a backup (--replay: and on from it with the binlogs, --until a time); programs "
     "must"
     " be stopped; meters that are ahead are frozen",
     1, 1, ctl_restore},
    {"setting set", "NAME VALUE", "--reason=", "change a setting of the site (audited)", 2, 2,
     ctl_setting_set},
    {"status", "", "--json", "how many meters are read, what is open, which programs live", 0, 0,
     ctl_status},
    {"take-over", "FILE", "--accept-differences --timeout=",
     "open accounts for live meters from a sheet, as the page Take-over does; the meter's word "
     "counts where differences are accepted",
     1, 1, ctl_take_over},
    {"tenant password", "PHONE", "--password-file=",
     "give a phone that staff put on an account a password that stays", 1, 1, ctl_tenant_password},
    {"user add", "NAME",
     "--role= --display-name= --locale= --password-file= --totp-secret-file= --must-change",
     "add a person; without --password-file a one-time password is printed", 1, 1, ctl_user_add},
    {"user list", "", "", "people, their roles and states", 0, 0, ctl_user_list},
    {"user reset", "NAME password|totp",
     "--reason=", "make a one-time password, or forget the second factor", 2, 2, ctl_user_reset},
    {"user role", "NAME ROLE", "--reason=", "give another role", 2, 2, ctl_user_role},
    {"user state", "NAME active|disabled", "--reason=", "enable or disable a person", 2, 2,
     ctl_user_state},
    {"wait-read", "", "--timeout= --age=",
     "wait (default 120 s) until every meter was read within the last --age seconds", 0, 0,
     ctl_wait_read},
};

static volatile sig_atomic_t stop_asked;

static void stop_ask(int number)
{
    (void)number;
    stop_asked = 1;
}

int ctl_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("paywattctl: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return CTL_FAILED;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    size_t len = strlen(name);
    for (int i = 0; i < ctl->options_count; i++) {
        if (strncmp(ctl->options[i], name, len) != 0) {
            continue;
        }
        if (ctl->options[i][len] == '\0') {
            return "";
        }
        if (ctl->options[i][len] == '=') {
            return ctl->options[i] + len + 1;
        }
    }
    return NULL;
}

const char *ctl_reason(const struct ctl *ctl)
{
    const char *reason = ctl_option(ctl, "--reason");
    if (reason == NULL || reason[0] == '\0') {
        (void)ctl_fail("this act needs --reason TEXT; it is kept in the audit log");
        return NULL;
    }
    size_t len = strlen(reason);
    if (!text_is_utf8(reason, len) || text_characters(reason, len) > 200) {
        (void)ctl_fail("--reason must be UTF-8 and at most 200 characters");
        return NULL;
    }
    return reason;
}

static bool database_as(struct ctl *ctl, const char *role)
{
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&problem, 4096);
    enum rc rc = role_open(ctl->config, role, &problem, &ctl->db);
    if (rc != RC_OK) {
        (void)ctl_fail("%s", text_string(&problem));
    }
    return rc == RC_OK;
}

bool ctl_database(struct ctl *ctl)
{
    return database_as(ctl, "ctl");
}

bool ctl_database_of_staff(struct ctl *ctl)
{
    return database_as(ctl, "staff");
}

enum rc ctl_audit(struct ctl *ctl, struct db *db, const char *action, const char *object_kind,
                  int64_t object_id, const char *object_label, const char *reason,
                  const char *before_json, const char *after_json)
{
    const struct audit_entry entry = {.actor = &ctl->actor,
                                      .action = action,
                                      .object_kind = object_kind,
                                      .object_id = object_id,
                                      .object_label = object_label,
                                      .reason = reason,
                                      .before_json = before_json,
                                      .after_json = after_json,
                                      .result = "ok"};
    return audit_write(db, &entry);
}

bool ctl_pause(int64_t milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000,
                             .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
    return stop_asked == 0;
}

static void help_print(FILE *out)
{
    (void)fputs("usage: paywattctl [--config INI] COMMAND ...\n\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        (void)fprintf(out, "  %s%s%s\n      %s\n", commands[i].name,
                      commands[i].usage[0] == '\0' ? "" : " ", commands[i].usage, commands[i].help);
        if (commands[i].options[0] != '\0') {
            (void)fprintf(out, "      options: %s\n", commands[i].options);
        }
    }
    (void)fputs("\nThe settings are read from " DEFAULT_CONFIG
                " unless --config names another file.\n",
                out);
}

/* 0 unless the words start with the command's name, else how many words the name has. */
static int name_matches(const char *name, int count, const char *const *words)
{
    const char *blank = strchr(name, ' ');
    size_t first_len = blank == NULL ? strlen(name) : (size_t)(blank - name);
    if (count < 1 || strlen(words[0]) != first_len || strncmp(words[0], name, first_len) != 0) {
        return 0;
    }
    if (blank == NULL) {
        return 1;
    }
    return count >= 2 && strcmp(words[1], blank + 1) == 0 ? 2 : 0;
}

/* Looks an option up in the command's list. Answers 0 unknown, 1 flag, 2 with a value. */
static int option_kind(const char *list, const char *name, size_t len)
{
    for (const char *at = list; *at != '\0';) {
        size_t word = strcspn(at, " ");
        bool valued = word > 0 && at[word - 1] == '=';
        if (word - (valued ? 1 : 0) == len && strncmp(at, name, len) == 0) {
            return valued ? 2 : 1;
        }
        at += word + strspn(at + word, " ");
    }
    return 0;
}

/* Every argument into words and options; values of options are joined to them ("--line L01" =
 * "--line=L01"). */
static int arguments_read(struct ctl *ctl, int argc, char **argv, const char *option_list)
{
    ctl->words_count = 0;
    ctl->options_count = 0;
    for (int i = 1; i < argc; i++) {
        if (ctl->words_count == CTL_WORDS_MAX || ctl->options_count == CTL_WORDS_MAX) {
            (void)ctl_fail("too many arguments");
            return CTL_USAGE;
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            ctl->words[ctl->words_count++] = argv[i];
            continue;
        }
        size_t len = strcspn(argv[i], "=");
        bool given = argv[i][len] == '=';
        bool is_config = len == 8 && strncmp(argv[i], "--config", 8) == 0;
        int kind = is_config             ? 2
                   : option_list == NULL ? (given ? 2 : 1)
                                         : option_kind(option_list, argv[i], len);
        if (kind == 0 || (kind == 1 && given && option_list != NULL)) {
            (void)ctl_fail("unknown option %s", argv[i]);
            return CTL_USAGE;
        }
        const char *option = argv[i];
        if (kind == 2 && !given) {
            if (i + 1 == argc) {
                (void)ctl_fail("option %s needs a value", argv[i]);
                return CTL_USAGE;
            }
            option = arena_printf(&ctl->arena, "%s=%s", argv[i], argv[i + 1]);
            i++;
        }
        if (is_config) {
            ctl->config_path = option + 9;
        } else {
            ctl->options[ctl->options_count++] = option;
        }
    }
    return CTL_DONE;
}

static bool settings_read(struct ctl *ctl)
{
    struct text problems __attribute__((cleanup(text_release)));
    text_init(&problems, 65536);
    enum rc rc = config_load(ctl->config_path, &problems, &ctl->config);
    if (rc != RC_OK) {
        (void)fputs(text_string(&problems), stderr);
        (void)ctl_fail("the settings cannot be used");
    }
    return rc == RC_OK;
}

static void actor_find(struct ctl *ctl)
{
    const struct passwd *entry = getpwuid(getuid());
    if (entry != NULL) {
        text_copy(ctl->actor_name, sizeof(ctl->actor_name), entry->pw_name);
    } else {
        (void)snprintf(ctl->actor_name, sizeof(ctl->actor_name), "uid %u", (unsigned)getuid());
    }
    ctl->actor =
        (struct actor){.kind = ACTOR_OPERATOR, .name = ctl->actor_name, .role = "", .ip = ""};
}

/* Finds the row. The first reading takes options as they come; the second, with the row known,
 * checks them. */
static int command_find(struct ctl *ctl, int argc, char **argv)
{
    const char *words[2] = {"", ""};
    int count = 0;
    for (int i = 1; i < argc && count < 2; i++) {
        if (strcmp(argv[i], "--config") == 0) {
            i++;
        } else if (strncmp(argv[i], "--", 2) != 0) {
            words[count++] = argv[i];
        } else if (count > 0) {
            break;
        }
    }
    int name_words = 0;
    for (size_t i = 0; i < ARRAY_LEN(commands) && ctl->command == NULL; i++) {
        name_words = name_matches(commands[i].name, count, words);
        ctl->command = name_words > 0 ? &commands[i] : NULL;
    }
    if (ctl->command == NULL && strcmp(words[0], "help") == 0) {
        return CTL_DONE;
    }
    if (ctl->command == NULL) {
        (void)ctl_fail("there is no command \"%s%s%s\"; paywattctl help lists them", words[0],
                       count > 1 ? " " : "", words[1]);
        return CTL_USAGE;
    }
    int status = arguments_read(ctl, argc, argv, ctl->command->options);
    if (status != CTL_DONE) {
        return status;
    }
    ctl->words_count -= name_words;
    memmove(ctl->words, ctl->words + name_words, (size_t)ctl->words_count * sizeof(ctl->words[0]));
    if (ctl->words_count < ctl->command->words_min || ctl->words_count > ctl->command->words_max) {
        (void)ctl_fail("usage: paywattctl %s %s", ctl->command->name, ctl->command->usage);
        return CTL_USAGE;
    }
    return CTL_DONE;
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.config_path = DEFAULT_CONFIG};
    arena_init(&ctl.arena, ARENA_BYTES);
    log_open("paywattctl", LOG_INFO);
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        help_print(argc < 2 ? stderr : stdout);
        return argc < 2 ? CTL_USAGE : CTL_DONE;
    }
    struct sigaction action = {.sa_handler = stop_ask};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int status = command_find(&ctl, argc, argv);
    if (status == CTL_DONE && ctl.command == NULL) {
        help_print(stdout);
        return CTL_DONE;
    }
    if (status == CTL_DONE) {
        actor_find(&ctl);
        status = settings_read(&ctl) ? ctl.command->run(&ctl) : CTL_FAILED;
    }
    db_close(&ctl.db);
    config_free(&ctl.config);
    arena_release(&ctl.arena);
    return status;
}
