#include "core/flow/sticker.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/step.h"

enum rc sticker_make(struct db *db, const struct actor *actor, int64_t supply_id,
                     char ret_code[STICKER_CODE_CHARACTERS + 1])
{
    assert(db_in_transaction(db));
    uint8_t random[STICKER_CODE_CHARACTERS]; /* 60 of their bits are used */
    char letters[sizeof random * 8 / 5 + 2];
    TRY(supply_lock(db, supply_id));
    TRY(crypto_random(random, sizeof random));
    (void)crypto_base32(random, sizeof random, letters);
    letters[STICKER_CODE_CHARACTERS] = '\0';
    enum rc rc = pay_stickers_replace(db, supply_id, letters, actor->id, clock_now_ms());
    if (rc == RC_CONFLICT) { /* another supply has it by chance */
        return RC_RETRY;
    }
    TRY(rc);
    TRY(step_audit(db, actor, AUDIT_ACTION_TENANT_STICKER, "supply", supply_id, "", "", "", ""));
    memcpy(ret_code, letters, STICKER_CODE_CHARACTERS + 1);
    return RC_OK;
}

enum rc sticker_token_make(char ret_token[STICKER_TOKEN_TEXT_BYTES], uint8_t ret_hash[32])
{
    uint8_t random[32];
    TRY(crypto_random(random, sizeof random));
    (void)crypto_base64url(random, sizeof random, ret_token);
    crypto_wipe(random, sizeof random);
    sticker_token_hash(ret_token, ret_hash);
    return RC_OK;
}

void sticker_token_hash(const char *token, uint8_t ret_hash[32])
{
    crypto_sha256(token, strlen(token), ret_hash);
}
