#include "poller/model_set.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "poller/models_check.h"

#define PATH_BYTES_MAX 512

static enum rc load_one(struct model_set *set, const char *path, struct text *problems)
{
    if (set->count == MODEL_SET_MAX) {
        return RC_FULL;
    }
    struct model *model = calloc(1, sizeof(*model));
    if (model == NULL) {
        return RC_MEMORY;
    }
    char error[MODELS_ERROR_MAX];
    if (models_load_file(path, model, NULL, error) != RC_OK) {
        text_add_string(problems, error);
        text_add_char(problems, '\n');
        free(model);
        return RC_OK;
    }
    set->models[set->count++] = model;
    return RC_OK;
}

enum rc model_set_load(struct model_set *set, const char *folder, struct text *problems)
{
    assert(set != NULL && folder != NULL && problems != NULL);
    *set = (struct model_set){.count = 0};
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return RC_IO;
    }
    enum rc rc = RC_OK;
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == RC_OK; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        if (len < 6 || entry->d_name[0] == '.' || strcmp(entry->d_name + len - 5, ".json") != 0) {
            continue;
        }
        char path[PATH_BYTES_MAX];
        int written = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (written > 0 && (size_t)written < sizeof(path)) {
            rc = load_one(set, path, problems);
        }
    }
    (void)closedir(dir);
    if (rc != RC_OK) {
        model_set_release(set);
    }
    return rc;
}

void model_set_release(struct model_set *set)
{
    assert(set != NULL);
    for (size_t i = 0; i < set->count; i++) {
        free(set->models[i]);
    }
    set->count = 0;
}

const struct model *model_set_find(const struct model_set *set, const char *code)
{
    assert(set != NULL && code != NULL);
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->models[i]->code, code) == 0) {
            return set->models[i];
        }
    }
    return NULL;
}
