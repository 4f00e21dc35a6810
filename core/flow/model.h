/*
 * Model files: reading one, and making the database know what a folder of them offers.
 */
#ifndef PW_FLOW_MODEL_H
#define PW_FLOW_MODEL_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/model.h"
#include "core/store/audit.h"
#include "core/store/db.h"

/* Reads and checks one file. problem gets a sentence that names the file (and the field).
 *ret_bytes: the file's text, in the arena. RC_IO, RC_INVALID, RC_TOO_LARGE, RC_MEMORY. */
enum rc model_file_read(const char *path, struct arena *arena, struct text *problem,
                        struct model *ret_model, const char **ret_bytes,
                        size_t *ret_len) MUST_CHECK;
/* Registers every *.json of a folder (all or nothing). A model whose file changed is experimental
   again unless the file itself says otherwise; one whose file is the same keeps what it was
   accepted as. report: a line a change. */
enum rc model_register_folder(struct db *db, struct arena *arena, const struct actor *actor,
                              const char *folder, struct text *report,
                              struct text *problem) MUST_CHECK;

#endif
