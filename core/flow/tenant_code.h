/*
 * One-time codes of the phone site: making them and hashing them. What is stored is always a keyed
 * hash, bound to its phone or to its purpose.
 */
#ifndef PW_FLOW_TENANT_CODE_H
#define PW_FLOW_TENANT_CODE_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/tenant_code.h"

#define TENANT_CODE_DIGITS 6
#define COUNTER_CODE_TEXT_BYTES 10 /* "ABCD-EFGH" with NUL */

/* Six digits, each code equally likely. RC_IO. */
enum rc tenant_code_make(char ret_code[TENANT_CODE_DIGITS + 1]) MUST_CHECK;
void tenant_code_hash(const uint8_t key[32], const uint8_t phone_hash[CONTACT_HASH_BYTES],
                      const char *code, uint8_t ret_hash[TENANT_CODE_HASH_BYTES]);
/* Forty random bits as eight letters of base32 in two groups. RC_IO. */
enum rc tenant_counter_code_make(char ret_code[COUNTER_CODE_TEXT_BYTES]) MUST_CHECK;
/* The hash of a code as typed: blanks, dashes and case do not matter. RC_INVALID: it is none. */
enum rc tenant_counter_code_hash(const uint8_t key[32], const char *typed,
                                 uint8_t ret_hash[TENANT_CODE_HASH_BYTES]) MUST_CHECK;

#endif
