/*
 * The model files of a folder: loaded for the poller, printed for people (paywatt-poller --models).
 */
#ifndef PW_POLLER_MODELS_CHECK_H
#define PW_POLLER_MODELS_CHECK_H

#include <stdint.h>
#include <stdio.h>

#include "core/base/rc.h"
#include "core/rules/model.h"

#define MODELS_ERROR_MAX (MODEL_ERROR_MAX + 280)

/* Reads and parses one file; its name without .json must be the model's code. sha256 may be NULL,
   else the digest of the file. error: one sentence that names file and field, "" on RC_OK. RC_IO,
   RC_INVALID, RC_TOO_LARGE, RC_MEMORY. */
enum rc models_load_file(const char *path, struct model *ret_model, uint8_t *ret_sha256,
                         char error[MODELS_ERROR_MAX]) MUST_CHECK;
/* Prints points, planned blocks, orders, capabilities and recipes of one model. */
void models_print(const struct model *model, FILE *out);
/* Checks every *.json of a folder in the order of their names: prints each good model to out, and
   one sentence for each broken one. RC_OK: all are good; RC_INVALID: at least one is broken, or
   there is none; RC_IO: no such folder. */
enum rc models_check(const char *folder, FILE *out) MUST_CHECK;

#endif
