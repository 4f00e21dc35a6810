/*
 * The printed code of a supply (缴费码): whoever scans it may pay, and sees neither balance nor
 * history. A purchase ordered so is followed by a random token that only its payer holds.
 */
#ifndef PW_FLOW_STICKER_H
#define PW_FLOW_STICKER_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/tenant_purchase.h"

#define STICKER_TOKEN_TEXT_BYTES 44 /* base64url of 32 bytes, with NUL */

/* A new code for the supply; the old one is worthless from now on. Inside a transaction.
   RC_NOT_FOUND: no such supply. ret_code: STICKER_CODE_CHARACTERS and NUL. */
enum rc sticker_make(struct db *db, const struct actor *actor, int64_t supply_id,
                     char ret_code[STICKER_CODE_CHARACTERS + 1]) MUST_CHECK;
/* A fresh token and the hash under which its order is stored. RC_IO. */
enum rc sticker_token_make(char ret_token[STICKER_TOKEN_TEXT_BYTES],
                           uint8_t ret_hash[32]) MUST_CHECK;
void sticker_token_hash(const char *token, uint8_t ret_hash[32]);

#endif
