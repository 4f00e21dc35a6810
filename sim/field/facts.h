/*
 * The named facts of a meter or line, one table each: what `get`, `set`, `wait` and `statistics`
 * call things.
 */
#ifndef PW_SIM_FIELD_FACTS_H
#define PW_SIM_FIELD_FACTS_H

#include "core/base/text.h"
#include "sim/field/field.h"

#define FACT_NAME_MAX 32
#define FACT_WORD_MAX 32

struct fact { /* a number or a word */
    bool is_word;
    int64_t number;
    char word[FACT_WORD_MAX];
};

struct condition { /* "relay=open", "frames>=12" */
    char name[FACT_NAME_MAX];
    char sign[3];
    char value[FACT_WORD_MAX];
};

/* RC_NOT_FOUND: a meter has no such fact. */
enum rc fact_of_meter(const struct meter *meter, const struct meter_time *time, const char *name,
                      struct fact *ret_fact) MUST_CHECK;
/* Of one line, or of all lines together when line is NULL. RC_NOT_FOUND. */
enum rc fact_of_line(const struct field *field, const struct field_line *line, const char *name,
                     struct fact *ret_fact) MUST_CHECK;
/* Appends all facts as members of a JSON object, with a comma between. */
void facts_of_meter(struct text *text, const struct meter *meter, const struct meter_time *time);
void facts_of_line(struct text *text, const struct field_line *line);
/* Reads NAME SIGN VALUE without blanks, SIGN one of = != >= <= > <. RC_INVALID. */
enum rc condition_parse(const char *sentence, struct condition *ret_condition) MUST_CHECK;
/* RC_OK and the verdict; RC_INVALID when a word is compared by size or a number with a word. */
enum rc condition_holds(const struct condition *condition, const struct fact *fact,
                        bool *ret_holds) MUST_CHECK;

#endif
