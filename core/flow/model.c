#include "core/flow/model.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/crypto.h"
#include "core/store/model.h"

#define PATH_BYTES 600
#define FILES_MAX MODELS_MAX
#define ACTIONS_BYTES 201
#define CAPABILITIES_BYTES 401

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

enum rc model_file_read(const char *path, struct arena *arena, struct text *problem,
                        struct model *ret_model, const char **ret_bytes, size_t *ret_len)
{
    assert(path != NULL && arena != NULL && problem != NULL && ret_model != NULL);
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    if (file == NULL) {
        text_printf(problem, "%s: cannot be opened: %s", path, strerror(errno));
        return RC_IO;
    }
    char *bytes = arena_take(arena, MODEL_FILE_MAX + 2);
    if (bytes == NULL) {
        return RC_MEMORY;
    }
    size_t len = fread(bytes, 1, MODEL_FILE_MAX + 1, file);
    if (ferror(file)) {
        text_printf(problem, "%s: cannot be read", path);
        return RC_IO;
    }
    char error[MODEL_ERROR_MAX] = "";
    enum rc rc = model_parse(bytes, len, ret_model, error);
    if (rc != RC_OK) {
        text_printf(problem, "%s: %s", path, error[0] == '\0' ? rc_sentence(rc) : error);
        return rc;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return RC_OK;
}

struct file_name {
    char name[256];
};

struct registration {
    struct arena *arena;
    const struct actor *actor;
    const char *folder;
    struct file_name *files;
    size_t count;
    struct text *report;
    struct text *problem;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file_name *)a)->name, ((const struct file_name *)b)->name);
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static enum rc files_find(struct registration *registration)
{
    CLEANUP(folder_close) DIR *folder = opendir(registration->folder);
    if (folder == NULL) {
        text_printf(registration->problem, "%s: cannot be opened: %s", registration->folder,
                    strerror(errno));
        return RC_IO;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t len = strlen(entry->d_name);
        if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0) {
            continue;
        }
        if (registration->count == FILES_MAX) {
            text_printf(registration->problem, "%s: more than %d model files", registration->folder,
                        FILES_MAX);
            return RC_TOO_LARGE;
        }
        text_copy(registration->files[registration->count++].name, sizeof(struct file_name),
                  entry->d_name);
    }
    qsort(registration->files, registration->count, sizeof(struct file_name), by_name);
    return RC_OK;
}

static enum rc changed_write(struct db *db, struct registration *registration,
                             const struct model_row *before, const struct model_row *row)
{
    TRY(models_put(db, row));
    const char *after = arena_printf(
        registration->arena, "{\"maturity\":\"%s\",\"actions\":\"%s\",\"capabilities\":\"%s\"}",
        row->maturity, row->actions, row->capabilities);
    const struct audit_entry entry = {.actor = registration->actor,
                                      .action = "model.register",
                                      .object_kind = "model",
                                      .object_id = before == NULL ? 0 : before->id,
                                      .object_label = row->code,
                                      .reason = "",
                                      .before_json = "",
                                      .after_json = after == NULL ? "" : after,
                                      .result = "ok"};
    text_printf(registration->report, "model %s %s (%s)\n", row->code,
                before == NULL ? "registered" : "changed", row->maturity);
    return audit_write(db, &entry);
}

static enum rc file_register(struct db *db, struct registration *registration, const char *name)
{
    char path[PATH_BYTES + 257];
    (void)snprintf(path, sizeof(path), "%s/%s", registration->folder, name);
    struct model *model = arena_take(registration->arena, sizeof(*model));
    if (model == NULL) {
        return RC_MEMORY;
    }
    const char *bytes = NULL;
    size_t len = 0;
    TRY(model_file_read(path, registration->arena, registration->problem, model, &bytes, &len));
    size_t stem = strlen(name) - 5;
    if (strlen(model->code) != stem || strncmp(model->code, name, stem) != 0) {
        text_printf(registration->problem, "%s: the file must be named %s.json, as its code", path,
                    model->code);
        return RC_INVALID;
    }
    char actions[ACTIONS_BYTES];
    char capabilities[CAPABILITIES_BYTES];
    TRY(model_actions_text(model, actions, sizeof(actions)));
    TRY(model_capabilities_text(model, capabilities, sizeof(capabilities)));
    struct model_row row = {.code = model->code,
                            .name = model->name,
                            .maturity =
                                model->maturity == MODEL_ACCEPTED ? "accepted" : "experimental",
                            .actions = actions,
                            .capabilities = capabilities};
    crypto_sha256(bytes, len, row.sha256);
    struct model_row before;
    enum rc rc = models_find(db, registration->arena, model->code, &before);
    if (rc == RC_NOT_FOUND) {
        return changed_write(db, registration, NULL, &row);
    }
    TRY(rc);
    /* What an acceptance run proved or disproved stays for as long as the file is the same. */
    bool same = memcmp(before.sha256, row.sha256, sizeof(row.sha256)) == 0 &&
                strcmp(before.actions, actions) == 0;
    return same ? RC_OK : changed_write(db, registration, &before, &row);
}

static enum rc register_work(struct db *db, void *context)
{
    struct registration *registration = context;
    for (size_t i = 0; i < registration->count; i++) {
        TRY(file_register(db, registration, registration->files[i].name));
    }
    return RC_OK;
}

enum rc model_register_folder(struct db *db, struct arena *arena, const struct actor *actor,
                              const char *folder, struct text *report, struct text *problem)
{
    struct registration registration = {
        .arena = arena,
        .actor = actor,
        .folder = folder,
        .files = arena_take_array(arena, FILES_MAX, sizeof(struct file_name)),
        .report = report,
        .problem = problem};
    if (registration.files == NULL) {
        return RC_MEMORY;
    }
    TRY(files_find(&registration));
    enum rc rc = db_transact(db, register_work, &registration);
    if (rc != RC_OK && problem->len == 0) {
        text_printf(problem, "models cannot be registered: %s", db_error(db));
    }
    return rc;
}
