#include "core/flow/tenant_code.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/crypto.h"

#define COUNTER_CODE_BYTES 5
#define CODES 1000000
#define PURPOSE "tenant.code:"
#define COUNTER_PURPOSE "binding.code:"

enum rc tenant_code_make(char ret_code[TENANT_CODE_DIGITS + 1])
{
    uint32_t random = 0;
    const uint32_t fair = UINT32_MAX - UINT32_MAX % CODES;
    do {
        TRY(crypto_random(&random, sizeof random));
    } while (random >= fair);
    (void)snprintf(ret_code, TENANT_CODE_DIGITS + 1, "%06u", (unsigned)(random % CODES));
    return RC_OK;
}

void tenant_code_hash(const uint8_t key[32], const uint8_t phone_hash[CONTACT_HASH_BYTES],
                      const char *code, uint8_t ret_hash[TENANT_CODE_HASH_BYTES])
{
    uint8_t salted[sizeof PURPOSE + CONTACT_HASH_BYTES + CRYPTO_HASH_BYTES];
    memcpy(salted, PURPOSE, sizeof PURPOSE);
    memcpy(salted + sizeof PURPOSE, phone_hash, CONTACT_HASH_BYTES);
    crypto_sha256(code, strlen(code), salted + sizeof PURPOSE + CONTACT_HASH_BYTES);
    crypto_hmac_sha256(key, CRYPTO_KEY_BYTES, salted, sizeof salted, ret_hash);
}

enum rc tenant_counter_code_make(char ret_code[COUNTER_CODE_TEXT_BYTES])
{
    uint8_t random[COUNTER_CODE_BYTES];
    char letters[COUNTER_CODE_BYTES * 8 / 5 + 2];
    TRY(crypto_random(random, sizeof random));
    (void)crypto_base32(random, sizeof random, letters);
    (void)snprintf(ret_code, COUNTER_CODE_TEXT_BYTES, "%.4s-%.4s", letters, letters + 4);
    crypto_wipe(random, sizeof random);
    return RC_OK;
}

enum rc tenant_counter_code_hash(const uint8_t key[32], const char *typed,
                                 uint8_t ret_hash[TENANT_CODE_HASH_BYTES])
{
    char plain[16];
    size_t len = 0;
    for (const char *at = typed; *at != '\0'; at++) {
        if (*at == '-' || *at == ' ') {
            continue;
        }
        if (len >= sizeof plain) {
            return RC_INVALID;
        }
        plain[len++] = *at;
    }
    uint8_t salted[sizeof COUNTER_PURPOSE + COUNTER_CODE_BYTES];
    size_t bytes = 0;
    memcpy(salted, COUNTER_PURPOSE, sizeof COUNTER_PURPOSE);
    TRY(crypto_unbase32(plain, len, salted + sizeof COUNTER_PURPOSE, COUNTER_CODE_BYTES, &bytes));
    if (bytes != COUNTER_CODE_BYTES) {
        return RC_INVALID;
    }
    crypto_hmac_sha256(key, CRYPTO_KEY_BYTES, salted, sizeof salted, ret_hash);
    return RC_OK;
}
