/*
 * Answers to questions that are not orders: who is at this address, what does this model read
 * there. The JSON is that of core/store/field_request.h. Reads only.
 */
#ifndef PW_POLLER_LINE_ANSWER_H
#define PW_POLLER_LINE_ANSWER_H

#include <stdbool.h>

#include "core/base/text.h"
#include "poller/acceptance.h"
#include "poller/device.h"
#include "poller/model_set.h"

#define ANSWER_BYTES_MAX 16384
#define ANSWER_TRIES 2

struct line_question {
    int64_t id;
    uint8_t address;
    bool whole;                      /* model_test: every point, not identity alone */
    char model_code[MODEL_CODE_MAX]; /* "" when model_json is set */
    char *model_json;                /* owned; NULL: the model of model_code */
    bool accept;                     /* acceptance: the run below, frames and all */
    struct acceptance acceptance;
};

/* Asks on the caller's link, which the caller owns. Appends the JSON; true if it is an answer,
 * false for an error. */
bool line_answer(struct link *link, const struct line_question *question,
                 const struct model_set *models, struct text *json);
/* The JSON of an error; detail: one sentence, may be "". */
void line_answer_error(struct text *json, const char *error, const char *detail);

#endif
