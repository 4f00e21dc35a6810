#include "poller/models_check.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crypto.h"

#define EXTENSION ".json"

static void file_release(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static void bytes_release(char **bytes)
{
    free(*bytes);
}

static void model_release(struct model **model)
{
    free(*model);
}

static void explain(char error[MODELS_ERROR_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void explain(char error[MODELS_ERROR_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(error, MODELS_ERROR_MAX, format, args);
    va_end(args);
    assert(written >= 0);
    (void)written;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* True if the file's name is CODE.json. */
static bool is_named_after(const char *path, const char *code)
{
    const char *name = base_name(path);
    size_t len = strlen(code);
    return strncmp(name, code, len) == 0 && strcmp(name + len, EXTENSION) == 0;
}

static enum rc read_file(const char *path, char *bytes, size_t size, size_t *ret_len,
                         char error[MODELS_ERROR_MAX])
{
    CLEANUP(file_release) FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        explain(error, "%.200s: cannot be opened (errno %d)", path, errno);
        return RC_IO;
    }
    size_t len = fread(bytes, 1, size, file);
    if (ferror(file) != 0) {
        explain(error, "%.200s: cannot be read", path);
        return RC_IO;
    }
    *ret_len = len;
    return RC_OK;
}

enum rc models_load_file(const char *path, struct model *ret_model, uint8_t *ret_sha256,
                         char error[MODELS_ERROR_MAX])
{
    assert(path != NULL && ret_model != NULL && error != NULL);
    CLEANUP(bytes_release) char *bytes = malloc(MODEL_FILE_MAX + 1);
    char sentence[MODEL_ERROR_MAX];
    size_t len = 0;
    error[0] = '\0';
    if (bytes == NULL) {
        explain(error, "%.200s: no memory", path);
        return RC_MEMORY;
    }
    TRY(read_file(path, bytes, MODEL_FILE_MAX + 1, &len, error));
    struct model model;
    enum rc rc = model_parse(bytes, len, &model, sentence);
    if (rc != RC_OK) {
        explain(error, "%.200s: %s", path, sentence);
        return rc;
    }
    if (!is_named_after(path, model.code)) {
        explain(error, "%.200s: model \"%s\" must stand in a file named %s%s", path, model.code,
                model.code, EXTENSION);
        return RC_INVALID;
    }
    if (ret_sha256 != NULL) {
        crypto_sha256(bytes, len, ret_sha256);
    }
    *ret_model = model;
    return RC_OK;
}

static void print_plan(FILE *out, const char *title, const struct plan *plan)
{
    fprintf(out, "  %-9s", title);
    for (size_t i = 0; i < plan->count; i++) {
        fprintf(out, "%s0x%04X x %u", i > 0 ? ", " : "", (unsigned)plan->blocks[i].at,
                (unsigned)plan->blocks[i].count);
    }
    fprintf(out, "%s\n", plan->count == 0 ? "none" : "");
}

static void print_points(const struct model *model, FILE *out)
{
    static const char *const reads[] = {"fast", "slow", "order"};
    for (size_t i = 0; i < model->point_count; i++) {
        const struct model_point *row = &model->points[i];
        fprintf(out, "  0x%04X %-8s x 10^%-2d %-5s %-28s %-12s %s\n", (unsigned)row->at,
                point_type_name(row->type), row->scale, reads[row->read], point_name(row->point),
                point_unit(row->point), row->unverified ? "unverified" : "");
    }
}

static void print_actions(const struct model *model, FILE *out)
{
    for (int kind = 0; kind < COMMAND_KIND__MAX; kind++) {
        const struct model_action *action = &model->actions[kind];
        if (!action->offered) {
            continue;
        }
        fprintf(out, "  order %-8s write", command_kind_name((enum command_kind)kind));
        for (size_t i = 0; i < action->write_count; i++) {
            fprintf(out, " 0x%04X =", (unsigned)action->writes[i].at);
            for (uint16_t n = 0; n < action->writes[i].count; n++) {
                fprintf(out, " %04X", (unsigned)action->writes[i].values[n]);
            }
        }
        fprintf(out, ", proved within %d ms by %zu conditions%s%s\n", (int)action->travel_ms,
                action->confirm_count,
                action->offered_external ? ", also under external control" : "",
                action->unverified ? ", unverified" : "");
        print_plan(out, "  reads", &action->read_back);
    }
}

static void print_recipes(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < model->recipe_count; i++) {
        const struct model_recipe *recipe = &model->recipes[i];
        fprintf(out, "  recipe %-11s function 0x%02X at 0x%04X, %u registers, %zu fields%s\n",
                recipe->name, (unsigned)recipe->function, (unsigned)recipe->start,
                (unsigned)recipe->registers, recipe->field_count,
                recipe->unverified ? ", unverified" : "");
    }
}

void models_print(const struct model *model, FILE *out)
{
    char capabilities[400];
    fprintf(out, "%s  %s  (%s)\n", model->code, model->name,
            model->maturity == MODEL_ACCEPTED ? "accepted" : "experimental");
    print_points(model, out);
    print_plan(out, "fast", &model->fast);
    print_plan(out, "slow", &model->slow);
    print_plan(out, model->tables.unverified ? "tables ?" : "tables", &model->tables_reads);
    print_plan(out, "identity", &model->identity_reads);
    print_actions(model, out);
    if (model_capabilities_text(model, capabilities, sizeof(capabilities)) == RC_OK) {
        fprintf(out, "  capabilities %s\n", capabilities[0] != '\0' ? capabilities : "none");
    }
    print_recipes(model, out);
}

static int is_model_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    size_t tail = strlen(EXTENSION);
    return len > tail && strcmp(entry->d_name + len - tail, EXTENSION) == 0;
}

/* Prints one file's model or what is wrong with it. */
static bool check_one(const char *folder, const char *name, FILE *out)
{
    char path[512];
    char error[MODELS_ERROR_MAX];
    CLEANUP(model_release) struct model *model = malloc(sizeof(*model));
    int written = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (model == NULL || written < 0 || (size_t)written >= sizeof(path)) {
        fprintf(out, "%s: the path is too long, or no memory\n", name);
        return false;
    }
    if (models_load_file(path, model, NULL, error) != RC_OK) {
        fprintf(out, "%s\n", error);
        return false;
    }
    models_print(model, out);
    return true;
}

enum rc models_check(const char *folder, FILE *out)
{
    assert(folder != NULL && out != NULL);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_model_file, alphasort);
    if (count < 0) {
        fprintf(out, "%s: cannot be read (errno %d)\n", folder, errno);
        return RC_IO;
    }
    bool good = count > 0;
    for (int i = 0; i < count; i++) {
        good = check_one(folder, entries[i]->d_name, out) && good;
        free(entries[i]);
    }
    free(entries);
    if (count == 0) {
        fprintf(out, "%s: holds no model file (*%s)\n", folder, EXTENSION);
    }
    return good ? RC_OK : RC_INVALID;
}
