#include "core/base/config.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/crypto.h"

#define CONFIG_ARENA_BYTES ((size_t)4 << 20)
#define CONFIG_LINE_BYTES 1000
#define SECTION_BYTES 24

enum config_type {
    CONFIG_TYPE_TEXT,
    CONFIG_TYPE_INT,
    CONFIG_TYPE_BOOL,
    CONFIG_TYPE_PATH,
    CONFIG_TYPE_LEVEL
};

enum config_flag { RELOAD = 1, SECRET = 2, NEEDED = 4 };

struct setting {
    const char *section;
    const char *key;
    enum config_type type;
    const char *fallback;
    int64_t min; /* INT: least value; TEXT: least length in bytes */
    int64_t max;
    int flags;
    const char *help;
};

static const struct setting settings[] = {
#define SETTING(section, key, type, fallback, min, max, flags, help)                               \
    {#section, #key, CONFIG_TYPE_##type, fallback, min, max, flags, help},
#include "core/base/config.def"
#undef SETTING
};

_Static_assert(ARRAY_LEN(settings) == CONFIG__MAX, "one row a key");

/* Names as they stand in the file: "__" of a row is a dot, which no identifier may have. */
static char section_names[CONFIG__MAX][SECTION_BYTES];
static pthread_once_t section_names_once = PTHREAD_ONCE_INIT;

static void section_names_fill(void)
{
    for (int i = 0; i < CONFIG__MAX; i++) {
        size_t len = 0;
        for (const char *at = settings[i].section; *at != '\0'; at++) {
            bool dot = at[0] == '_' && at[1] == '_';
            assert(len + 1 < SECTION_BYTES);
            section_names[i][len++] = dot ? '.' : *at;
            at += dot ? 1 : 0;
        }
    }
}

static const char *section_name(int key)
{
    int once = pthread_once(&section_names_once, section_names_fill);
    assert(once == 0);
    return section_names[key];
}

static const char *const level_names[] = {"debug", "info", "warning", "error"};

struct value {
    _Atomic int64_t number;
    _Atomic(const char *) text;
    int line; /* in the file; 0: the default */
};

struct config {
    struct arena arena;
    const char *path; /* "" for config_defaults */
    struct value values[CONFIG__MAX];
};

/* One reading of one file. */
struct loader {
    struct config *config;
    FILE *file;
    int line;
    const char *name; /* of the file, for problems */
    struct text *problems;
    int problems_count;
    bool memory_out;
};

static void problem(struct loader *loader, int line, const char *format, ...) PRINTF_LIKE(3, 4);

static void problem(struct loader *loader, int line, const char *format, ...)
{
    char sentence[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    loader->problems_count++;
    if (loader->problems_count > CONFIG_PROBLEMS_MAX) {
        return;
    }
    if (line > 0) {
        text_printf(loader->problems, "%s:%d: %s\n", loader->name, line, sentence);
    } else {
        text_printf(loader->problems, "%s: %s\n", loader->name, sentence);
    }
}

/* Type and range of one value. what: what is wrong, a clause. RC_INVALID with it. */
static enum rc value_check(const struct setting *setting, const char *text, char what[200],
                           int64_t *ret_number)
{
    size_t len = strlen(text);
    int64_t number = 0;
    switch (setting->type) {
    case CONFIG_TYPE_INT:
        if (text_parse_int(text, len, setting->min, setting->max, &number) != RC_OK) {
            (void)snprintf(what, 200, "must be a whole number from %lld to %lld",
                           (long long)setting->min, (long long)setting->max);
            return RC_INVALID;
        }
        break;
    case CONFIG_TYPE_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
            (void)snprintf(what, 200, "must be true or false");
            return RC_INVALID;
        }
        number = text[0] == 't';
        break;
    case CONFIG_TYPE_LEVEL:
        while (number < (int64_t)ARRAY_LEN(level_names) && strcmp(level_names[number], text) != 0) {
            number++;
        }
        if (number == (int64_t)ARRAY_LEN(level_names)) {
            (void)snprintf(what, 200, "must be debug, info, warning or error");
            return RC_INVALID;
        }
        break;
    case CONFIG_TYPE_PATH:
        if (text[0] != '/' && !(len == 0 && setting->fallback[0] == '\0')) {
            (void)snprintf(what, 200, "must be a path that starts with /");
            return RC_INVALID;
        }
        break;
    case CONFIG_TYPE_TEXT:
        if ((int64_t)len < setting->min || (int64_t)len > setting->max) {
            (void)snprintf(what, 200, "must have %lld to %lld characters", (long long)setting->min,
                           (long long)setting->max);
            return RC_INVALID;
        }
        break;
    }
    *ret_number = number;
    return RC_OK;
}

static int key_find(const char *section, const char *key, bool *ret_section_known)
{
    *ret_section_known = false;
    for (int i = 0; i < CONFIG__MAX; i++) {
        if (strcmp(section_name(i), section) == 0) {
            *ret_section_known = true;
            if (strcmp(settings[i].key, key) == 0) {
                return i;
            }
        }
    }
    return -1;
}

/* inih calls this for each "key = value". */
static int handle(void *user, const char *section, const char *key, const char *text)
{
    struct loader *loader = user;
    bool section_known = false;
    int at = key_find(section, key, &section_known);
    if (at < 0) {
        if (section[0] == '\0') {
            problem(loader, loader->line, "setting %s stands before the first [section]", key);
        } else if (!section_known) {
            problem(loader, loader->line, "unknown section [%s] (setting %s)", section, key);
        } else {
            problem(loader, loader->line, "unknown setting %s in section [%s]", key, section);
        }
        return 1;
    }
    struct value *value = &loader->config->values[at];
    if (value->line > 0) {
        problem(loader, loader->line, "[%s] %s is set twice, first in line %d", section, key,
                value->line);
        return 1;
    }
    value->line = loader->line;
    char what[200];
    int64_t number = 0;
    if (!text_is_utf8(text, strlen(text))) {
        problem(loader, loader->line, "[%s] %s is not UTF-8", section, key);
    } else if (value_check(&settings[at], text, what, &number) != RC_OK) {
        problem(loader, loader->line, "[%s] %s %s, not \"%s\"", section, key, what, text);
    } else {
        const char *copy = arena_copy_string(&loader->config->arena, text);
        loader->memory_out = loader->memory_out || copy == NULL;
        atomic_store(&value->text, copy);
        atomic_store(&value->number, number);
    }
    return 1;
}

/* Hands inih one line at a time and counts them: inih itself tells a handler no line number. */
static char *read_line(char *out, int size, void *stream)
{
    struct loader *loader = stream;
    if (loader->line >= CONFIG_FILE_LINES_MAX) {
        problem(loader, loader->line, "the file has more than %d lines", CONFIG_FILE_LINES_MAX);
        return NULL;
    }
    char *line = fgets(out, size, loader->file);
    if (line == NULL) {
        return NULL;
    }
    loader->line++;
    if (strchr(line, '\n') == NULL && !feof(loader->file)) {
        problem(loader, loader->line, "the line is longer than %d bytes", size - 2);
        for (int c = fgetc(loader->file); c != EOF && c != '\n';) {
            c = fgetc(loader->file);
        }
        line[0] = '\0';
    }
    return line;
}

static enum rc config_new(const char *path, struct config **ret_config)
{
    struct config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return RC_MEMORY;
    }
    arena_init(&config->arena, CONFIG_ARENA_BYTES);
    config->path = arena_copy_string(&config->arena, path);
    if (config->path == NULL) {
        config_free(&config);
        return RC_MEMORY;
    }
    for (int i = 0; i < CONFIG__MAX; i++) {
        char what[200];
        int64_t number = 0;
        bool needed = (settings[i].flags & NEEDED) != 0;
        enum rc rc =
            needed ? RC_OK : value_check(&settings[i], settings[i].fallback, what, &number);
        assert(rc == RC_OK); /* a default in config.def breaks its own row */
        atomic_store(&config->values[i].number, number);
        atomic_store(&config->values[i].text, settings[i].fallback);
    }
    *ret_config = config;
    return RC_OK;
}

static enum rc file_read(struct loader *loader)
{
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_use_stack = false;
    ini_max_line = CONFIG_LINE_BYTES;
    ini_initial_alloc = CONFIG_LINE_BYTES;
    int bad_line = ini_parse_stream(read_line, loader, handle, loader);
    if (bad_line == -2) {
        return RC_MEMORY;
    }
    if (bad_line > 0) {
        problem(loader, bad_line, "this is neither [section] nor key = value");
    }
    if (ferror(loader->file)) {
        problem(loader, 0, "cannot be read: %s", strerror(errno));
    }
    for (int i = 0; i < CONFIG__MAX; i++) {
        if ((settings[i].flags & NEEDED) != 0 && loader->config->values[i].line == 0) {
            problem(loader, 0, "[%s] %s is missing and has no default", section_name(i),
                    settings[i].key);
        }
    }
    if (loader->memory_out) {
        return RC_MEMORY;
    }
    return loader->problems_count > 0 ? RC_INVALID : RC_OK;
}

enum rc config_load(const char *path, struct text *problems, struct config **ret_config)
{
    assert(path != NULL && problems != NULL && ret_config != NULL);
    struct loader loader = {.name = path, .problems = problems};
    loader.file = fopen(path, "re");
    if (loader.file == NULL) {
        bool missing = errno == ENOENT;
        problem(&loader, 0, "cannot be opened: %s", strerror(errno));
        return missing ? RC_NOT_FOUND : RC_IO;
    }
    enum rc rc = config_new(path, &loader.config);
    if (rc == RC_OK) {
        rc = file_read(&loader);
    }
    (void)fclose(loader.file);
    if (rc != RC_OK) {
        config_free(&loader.config);
        return rc;
    }
    *ret_config = loader.config;
    return RC_OK;
}

enum rc config_defaults(struct config **ret_config)
{
    assert(ret_config != NULL);
    return config_new("", ret_config);
}

enum rc config_reload(struct config *config, struct text *problems, struct text *restart)
{
    assert(config != NULL && problems != NULL && restart != NULL);
    CLEANUP(config_free) struct config *fresh = NULL;
    TRY(config_load(config->path, problems, &fresh));
    for (int i = 0; i < CONFIG__MAX; i++) {
        const char *text = atomic_load(&fresh->values[i].text);
        if (strcmp(text, atomic_load(&config->values[i].text)) == 0) {
            continue;
        }
        if ((settings[i].flags & RELOAD) == 0) {
            text_printf(restart, "[%s] %s\n", section_name(i), settings[i].key);
            continue;
        }
        const char *copy = arena_copy_string(&config->arena, text);
        if (copy == NULL) {
            return RC_MEMORY;
        }
        atomic_store(&config->values[i].text, copy);
        atomic_store(&config->values[i].number, atomic_load(&fresh->values[i].number));
    }
    return RC_OK;
}

void config_free(struct config **config)
{
    assert(config != NULL);
    if (*config != NULL) {
        arena_release(&(*config)->arena);
        free(*config);
        *config = NULL;
    }
}

int64_t config_int(const struct config *config, enum config_key key)
{
    assert(config != NULL && key < CONFIG__MAX && settings[key].type == CONFIG_TYPE_INT);
    return atomic_load(&config->values[key].number);
}

bool config_bool(const struct config *config, enum config_key key)
{
    assert(config != NULL && key < CONFIG__MAX && settings[key].type == CONFIG_TYPE_BOOL);
    return atomic_load(&config->values[key].number) != 0;
}

const char *config_text(const struct config *config, enum config_key key)
{
    assert(config != NULL && key < CONFIG__MAX);
    assert(settings[key].type == CONFIG_TYPE_TEXT || settings[key].type == CONFIG_TYPE_PATH);
    return atomic_load(&config->values[key].text);
}

enum log_level config_log_level(const struct config *config)
{
    assert(config != NULL);
    return (enum log_level)atomic_load(&config->values[CONFIG_log_level].number);
}

enum rc config_secret_key(const struct config *config, enum config_key key, uint8_t ret_bytes[32],
                          const char **ret_why)
{
    assert(key < CONFIG__MAX && (settings[key].flags & SECRET) != 0);
    return secret_read_key(config_text(config, key), ret_bytes, ret_why);
}

void config_print(const struct config *config, struct text *out)
{
    assert(config != NULL && out != NULL);
    const char *section = "";
    for (int i = 0; i < CONFIG__MAX; i++) {
        const struct setting *setting = &settings[i];
        if (strcmp(section, section_name(i)) != 0) {
            section = section_name(i);
            text_printf(out, "%s[%s]\n", i == 0 ? "" : "\n", section);
        }
        text_printf(out, "# %s", setting->help);
        if (setting->type == CONFIG_TYPE_INT) {
            text_printf(out, " (%lld .. %lld)", (long long)setting->min, (long long)setting->max);
        }
        text_printf(out, "; default \"%s\"%s%s\n", setting->fallback,
                    (setting->flags & RELOAD) != 0 ? "; read again on SIGHUP" : "",
                    (setting->flags & SECRET) != 0 ? "; secret file" : "");
        text_printf(out, "%s = %s\n", setting->key, atomic_load(&config->values[i].text));
    }
}

const char *config_section(enum config_key key)
{
    assert(key < CONFIG__MAX);
    return section_name((int)key);
}

const char *config_name(enum config_key key)
{
    assert(key < CONFIG__MAX);
    return settings[key].key;
}

bool config_is_reloadable(enum config_key key)
{
    assert(key < CONFIG__MAX);
    return (settings[key].flags & RELOAD) != 0;
}
