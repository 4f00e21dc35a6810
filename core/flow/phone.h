/*
 * Phone numbers: one written form, and how they are stored: sealed, with a keyed hash for search.
 */
#ifndef PW_FLOW_PHONE_H
#define PW_FLOW_PHONE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/crypto.h"
#include "core/base/rc.h"
#include "core/store/contact.h"

#define PHONE_BYTES 20 /* digits, with a plus in front where it is foreign, and NUL */

/* The written form: blanks and dashes dropped, +86 dropped; 11 digits that begin with 1, or a plus
   and 8 to 15 digits. RC_INVALID. */
enum rc phone_normalise(const char *typed, char ret_phone[PHONE_BYTES]) MUST_CHECK;
/* The keyed hash of a normalised phone. */
void phone_hash(const uint8_t key[CRYPTO_KEY_BYTES], const char *phone,
                uint8_t ret_hash[CONTACT_HASH_BYTES]);
/* Fills the three stored forms of a normalised phone. RC_IO. */
enum rc phone_seal(const uint8_t key[CRYPTO_KEY_BYTES], const char *phone,
                   struct contact *contact) MUST_CHECK;
/* Opens the sealed form; RC_INVALID when it was sealed with another key. */
enum rc phone_open(const uint8_t key[CRYPTO_KEY_BYTES], const struct contact *contact,
                   char ret_phone[PHONE_BYTES]) MUST_CHECK;
/* Seven stars and the last four digits. */
void phone_mask(const char *tail, char ret_phone[PHONE_BYTES]);

#endif
