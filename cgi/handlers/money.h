/*
 * What the handlers of money share: refusals of flow as sentences.
 */
#ifndef PW_CGI_HANDLERS_MONEY_H
#define PW_CGI_HANDLERS_MONEY_H

#include "cgi/request.h"
#include "core/flow/command.h"

extern const struct shape shape_purchase;
extern const struct shape shape_account_supply;
extern const char *const money_channels[]; /* of the counter */

/* What a code says in a sentence; "" where it has none. */
const char *money_sentence(const char *code);
/* Answers with flow's code, field and sentence; RC_OK passes. */
enum rc money_refuse(struct request *request, enum rc rc,
                     const struct command_refusal *refusal) MUST_CHECK;

/* Names of PURCHASE_WARN_* bits, and back; RC_INVALID refuses the field warnings_seen. */
enum rc money_name_warnings(struct arena *arena, unsigned bits,
                            struct shape_list *ret_list) MUST_CHECK;
enum rc money_read_warnings(struct request *request, const struct shape_list *names,
                            unsigned *ret_bits) MUST_CHECK;

#endif
