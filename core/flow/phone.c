#include "core/flow/phone.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define HASH_SALT "contact.phone:"

enum rc phone_normalise(const char *typed, char ret_phone[PHONE_BYTES])
{
    char phone[PHONE_BYTES];
    size_t len = 0;
    for (const char *at = typed; *at != '\0'; at++) {
        if (*at == ' ' || *at == '-') {
            continue;
        }
        bool plus = *at == '+' && len == 0;
        if ((!plus && (*at < '0' || *at > '9')) || len + 1 >= sizeof phone) {
            return RC_INVALID;
        }
        phone[len++] = *at;
    }
    phone[len] = '\0';
    const char *number = strncmp(phone, "+86", 3) == 0 ? phone + 3 : phone;
    len = strlen(number);
    bool home = number[0] == '1' && len == 11;
    bool abroad = number[0] == '+' && len >= 9 && len <= 16;
    if (!home && !abroad) {
        return RC_INVALID;
    }
    memcpy(ret_phone, number, len + 1);
    return RC_OK;
}

void phone_hash(const uint8_t key[CRYPTO_KEY_BYTES], const char *phone,
                uint8_t ret_hash[CONTACT_HASH_BYTES])
{
    char salted[sizeof HASH_SALT + PHONE_BYTES];
    (void)snprintf(salted, sizeof salted, HASH_SALT "%s", phone);
    crypto_hmac_sha256(key, CRYPTO_KEY_BYTES, salted, strlen(salted), ret_hash);
}

enum rc phone_seal(const uint8_t key[CRYPTO_KEY_BYTES], const char *phone, struct contact *contact)
{
    size_t len = strlen(phone);
    assert(len >= 8 && len < PHONE_BYTES);
    phone_hash(key, phone, contact->phone_hash);
    TRY(crypto_seal(key, contact->phone_hash, sizeof contact->phone_hash, phone, len,
                    contact->phone_sealed));
    contact->phone_sealed_len = len + CRYPTO_SEAL_EXTRA_BYTES;
    text_copy(contact->phone_tail, sizeof contact->phone_tail, phone + len - 4);
    return RC_OK;
}

enum rc phone_open(const uint8_t key[CRYPTO_KEY_BYTES], const struct contact *contact,
                   char ret_phone[PHONE_BYTES])
{
    if (contact->phone_sealed_len < CRYPTO_SEAL_EXTRA_BYTES ||
        contact->phone_sealed_len - CRYPTO_SEAL_EXTRA_BYTES >= PHONE_BYTES) {
        return RC_INVALID;
    }
    size_t len = contact->phone_sealed_len - CRYPTO_SEAL_EXTRA_BYTES;
    TRY(crypto_open(key, contact->phone_hash, sizeof contact->phone_hash, contact->phone_sealed,
                    contact->phone_sealed_len, ret_phone));
    ret_phone[len] = '\0';
    return RC_OK;
}

void phone_mask(const char *tail, char ret_phone[PHONE_BYTES])
{
    (void)snprintf(ret_phone, PHONE_BYTES, "*******%s", tail);
}
