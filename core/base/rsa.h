/*
 * RSA keys and X.509 certificates as payment providers use them, thin over OpenSSL: signatures are
 * RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017) in base64, keys have 2048 to 8192 bits.
 *
 * Keys and certificates are reference-free heap objects: load, use from many threads, free.
 */
#ifndef PW_BASE_RSA_H
#define PW_BASE_RSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

#define RSA_SERIAL_MAX 64      /* bytes of a serial number in hex or decimal, NUL included */
#define RSA_NAME_MAX 512       /* bytes of a name, NUL included */
#define RSA_SIGNATURE_MAX 1024 /* bytes of a signature */

struct rsa_key;
struct certificate;

/* A private key: PEM, or the bare base64 of its DER (PKCS #8, PKCS #1). RC_INVALID, RC_MEMORY. */
enum rc rsa_private_load(const char *text, size_t len, struct rsa_key **ret_key) MUST_CHECK;
/* A public key: PEM, or the bare base64 of its DER (SubjectPublicKeyInfo). RC_INVALID, RC_MEMORY.
 */
enum rc rsa_public_load(const char *text, size_t len, struct rsa_key **ret_key) MUST_CHECK;
/* Accepts a pointer to NULL. Usable with CLEANUP. */
void rsa_free(struct rsa_key **key);
/* Signs; the base64 text is in the arena. RC_MEMORY. */
enum rc rsa_sign(const struct rsa_key *key, const char *bytes, size_t len, struct arena *arena,
                 const char **ret_base64) MUST_CHECK;
/* RC_OK if base64 is this key's signature of the bytes; RC_INVALID. */
enum rc rsa_verify(const struct rsa_key *key, const char *bytes, size_t len,
                   const char *base64) MUST_CHECK;

/* One certificate, PEM (CRLF allowed). RC_INVALID, RC_MEMORY. */
enum rc certificate_load(const char *pem, size_t len,
                         struct certificate **ret_certificate) MUST_CHECK;
/* The index-th certificate of a file of several. RC_NOT_FOUND behind the last. */
enum rc certificate_load_at(const char *pem, size_t len, size_t index,
                            struct certificate **ret_certificate) MUST_CHECK;
/* Accepts a pointer to NULL. Usable with CLEANUP. */
void certificate_free(struct certificate **certificate);
/* Its RSA public key, owned by the caller. RC_INVALID when it has another kind of key. */
enum rc certificate_key(const struct certificate *certificate, struct rsa_key **ret_key) MUST_CHECK;
/* Serial number: upper case hex without leading zeros in pairs ("0A" stays), and decimal.
   RC_INVALID when it is longer than RSA_SERIAL_MAX allows. */
enum rc certificate_serial(const struct certificate *certificate, char ret_hex[RSA_SERIAL_MAX],
                           char ret_decimal[RSA_SERIAL_MAX]) MUST_CHECK;
/* The common name of its subject, UTF-8. RC_NOT_FOUND: none or several; RC_INVALID: too long. */
enum rc certificate_common_name(const struct certificate *certificate,
                                char ret_name[RSA_NAME_MAX]) MUST_CHECK;
/* Its issuer as RFC 2253 writes it, most specific first, UTF-8 unescaped. RC_INVALID, RC_MEMORY. */
enum rc certificate_issuer(const struct certificate *certificate,
                           char ret_name[RSA_NAME_MAX]) MUST_CHECK;
/* True if it was signed with an RSA algorithm of PKCS #1 (OID 1.2.840.113549.1.1.*). */
bool certificate_signed_by_rsa(const struct certificate *certificate);
/* True if at_ms lies within its validity. */
bool certificate_valid_at(const struct certificate *certificate, int64_t at_ms);
/* Checks the chain leaf, middle, root at a time; the root is the only one that is trusted, and
   neither purpose nor revocation is looked at. middle may be NULL. weak_hash: also believe SHA-1 in
   the chain (OpenSSL's authentication level 0), for test gateways only. RC_INVALID, RC_MEMORY. */
enum rc certificate_chain_verify(const struct certificate *leaf, const struct certificate *middle,
                                 const struct certificate *root, int64_t at_ms,
                                 bool weak_hash) MUST_CHECK;

#endif
