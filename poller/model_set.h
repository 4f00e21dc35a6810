/*
 * The models of this process, loaded at start and only read after that.
 */
#ifndef PW_POLLER_MODEL_SET_H
#define PW_POLLER_MODEL_SET_H

#include <stddef.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/model.h"

#define MODEL_SET_MAX 64

struct model_set {
    struct model *models[MODEL_SET_MAX];
    size_t count;
};

/* Loads every *.json of a folder. A broken file is left out and adds one sentence (a line) to
   problems. RC_IO: no such folder; RC_MEMORY; RC_FULL. */
enum rc model_set_load(struct model_set *set, const char *folder, struct text *problems) MUST_CHECK;
void model_set_release(struct model_set *set);
/* The model of a code, NULL if there is none. */
const struct model *model_set_find(const struct model_set *set, const char *code);

#endif
