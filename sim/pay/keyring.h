/*
 * Keys of the sandbox: the providers' own, and what a provider knows of its merchant.
 *
 * A folder has provider/ (ours), merchant/ (what the merchant's settings name) and identities.json.
 */
#ifndef PW_SIM_PAY_KEYRING_H
#define PW_SIM_PAY_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/base/rsa.h"

#define KEY_TEXT_MAX 64
#define PEM_MAX 8192

struct keyring {
    /* WeChat */
    char wechat_mchid[KEY_TEXT_MAX];
    char wechat_app_id[KEY_TEXT_MAX];
    char wechat_merchant_serial[KEY_TEXT_MAX];
    char wechat_public_key_id[KEY_TEXT_MAX];
    char wechat_certificate_serial[KEY_TEXT_MAX];
    char wechat_api_key[33];
    char wechat_app_secret[33];
    char wechat_certificate_pem[PEM_MAX];
    struct rsa_key *wechat_key;             /* of the public key */
    struct rsa_key *wechat_certificate_key; /* of the platform certificate */
    struct rsa_key *wechat_merchant;        /* public */
    /* Alipay */
    char alipay_app_id[KEY_TEXT_MAX];
    char alipay_seller_id[KEY_TEXT_MAX];
    char alipay_app_sn[33];
    char alipay_sn[33];
    char alipay_root_sn[KEY_TEXT_MAX * 2];
    struct rsa_key *alipay_key;
    struct rsa_key *alipay_merchant; /* public */
    /* UnionPay */
    char unionpay_merchant_id[KEY_TEXT_MAX];
    char unionpay_merchant_cert_id[KEY_TEXT_MAX]; /* decimal */
    char unionpay_certificate_pem[PEM_MAX];       /* CR LF, as it is sent */
    struct rsa_key *unionpay_key;
    struct rsa_key *unionpay_merchant; /* public */
    /* of nobody: for forged signatures */
    struct rsa_key *stranger;
};

/* Makes keys, certificates and identities below the folder, all files 0600; nothing when it has
   them. RC_IO, RC_INTERNAL; *ret_why is a sentence. */
enum rc keys_make(const char *folder, const char **ret_why) MUST_CHECK;
/* Writes merchant/settings.ini and merchant/settings_certificates.ini with base addresses on the
   ports of wechat, alipay and unionpay. RC_IO. */
enum rc keys_settings(const char *folder, const uint16_t ports[3]) MUST_CHECK;
/* Reads a folder. RC_NOT_FOUND, RC_INVALID, RC_IO; *ret_why names the file. */
enum rc keyring_load(const char *folder, struct keyring *ret_keys, const char **ret_why) MUST_CHECK;
/* Wipes and frees. */
void keyring_release(struct keyring *keys);
/* A certificate's number as Alipay writes it: MD5 of issuer (RFC 2253) and decimal serial.
   RC_INVALID, RC_INTERNAL. */
enum rc alipay_certificate_sn(const char *pem, size_t len, char ret_sn[33]) MUST_CHECK;

#endif
