/* paywattctl user add NAME, list, state NAME active|disabled, reset NAME password|totp, role NAME
 * ROLE */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/user.h"
#include "ctl/ctl.h"

#define SECRET_BYTES 200

static int refused(struct ctl *ctl, enum rc rc, const struct user_refusal *refusal)
{
    const char *why = refusal->sentence != NULL && refusal->sentence[0] != '\0' ? refusal->sentence
                      : rc == RC_UNAVAILABLE || rc == RC_INTERNAL               ? db_error(ctl->db)
                                                                                : rc_sentence(rc);
    return ctl_fail("%s%s%s", refusal->field == NULL ? "" : refusal->field,
                    refusal->field == NULL || refusal->field[0] == '\0' ? "" : ": ", why);
}

bool ctl_secret(const char *path, char *ret_text, size_t size)
{
    size_t len = 0;
    const char *why = "";
    if (secret_read(path, ret_text, size, &len, &why) != RC_OK) {
        (void)ctl_fail("%s: %s", path, why);
        return false;
    }
    return true;
}

static bool totp_of(const char *path, uint8_t *out, size_t size, size_t *len)
{
    char text[SECRET_BYTES];
    if (!ctl_secret(path, text, sizeof(text))) {
        return false;
    }
    enum rc rc = crypto_unbase32(text, strlen(text), out, size, len);
    crypto_wipe(text, sizeof(text));
    if (rc != RC_OK || *len < 16) {
        (void)ctl_fail("%s: it must hold a seed of at least 16 bytes in base32", path);
        return false;
    }
    return true;
}

static int add_with(struct ctl *ctl, const uint8_t *field_key, const char *password, bool made)
{
    struct user_creation creation = {.name = ctl->words[0],
                                     .display_name = ctl_option(ctl, "--display-name"),
                                     .locale = "zh-CN",
                                     .password = password,
                                     .must_change_password =
                                         made || ctl_option(ctl, "--must-change") != NULL};
    uint8_t seed[64];
    const char *role = ctl_option(ctl, "--role");
    const char *locale = ctl_option(ctl, "--locale");
    const char *totp_file = ctl_option(ctl, "--totp-secret-file");
    if (role == NULL || role_find(role, &creation.role) != RC_OK) {
        return ctl_fail("--role must be administrator, finance, engineer or auditor");
    }
    if (creation.display_name == NULL) {
        creation.display_name = creation.name;
    }
    if (locale != NULL) {
        creation.locale = locale;
    }
    if (totp_file != NULL) {
        if (!totp_of(totp_file, seed, sizeof(seed), &creation.totp_secret_len)) {
            return CTL_FAILED;
        }
        creation.totp_secret = seed;
    }
    struct login_policy policy = login_policy_of(ctl->config, field_key);
    struct user_refusal refusal = {.code = "", .field = "", .sentence = ""};
    int64_t id = 0;
    enum rc rc = user_create(ctl->db, &ctl->arena, &policy, &ctl->actor, &creation, &id, &refusal);
    crypto_wipe(seed, sizeof(seed));
    if (rc == RC_CONFLICT) {
        return ctl_fail("there is a user \"%s\" already", creation.name);
    }
    if (rc != RC_OK) {
        return refused(ctl, rc, &refusal);
    }
    (void)printf("user %s added (%s)\n", creation.name, role);
    if (made) {
        (void)printf("one-time password, to be changed at the first log-in: %s\n", password);
    }
    return CTL_DONE;
}

bool ctl_field_key(struct ctl *ctl, uint8_t ret_key[CRYPTO_KEY_BYTES])
{
    const char *why = "";
    if (config_secret_key(ctl->config, CONFIG_security_field_key_file, ret_key, &why) != RC_OK) {
        (void)ctl_fail("%s: %s", config_text(ctl->config, CONFIG_security_field_key_file), why);
        return false;
    }
    return true;
}

int ctl_user_add(struct ctl *ctl)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    char password[SECRET_BYTES];
    const char *file = ctl_option(ctl, "--password-file");
    if (!ctl_field_key(ctl, key)) {
        return CTL_FAILED;
    }
    if (file == NULL) {
        uint8_t bytes[12];
        if (crypto_random(bytes, sizeof(bytes)) != RC_OK) {
            return ctl_fail("no randomness");
        }
        (void)crypto_base32(bytes, sizeof(bytes), password);
    } else if (!ctl_secret(file, password, sizeof(password))) {
        return CTL_FAILED;
    }
    int status = ctl_database(ctl) ? add_with(ctl, key, password, file == NULL) : CTL_FAILED;
    crypto_wipe(password, sizeof(password));
    crypto_wipe(key, sizeof(key));
    return status;
}

int ctl_user_list(struct ctl *ctl)
{
    struct user *users = NULL;
    size_t count = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    if (users_list(ctl->db, &ctl->arena, &users, &count) != RC_OK) {
        return ctl_fail("users cannot be read: %s", db_error(ctl->db));
    }
    for (size_t i = 0; i < count; i++) {
        char at[CLOCK_TEXT_MAX];
        bool locked = users[i].locked_until_at_ms > clock_now_ms();
        (void)printf("%-20s %-14s %-8s %-12s last log-in %s%s  %s\n", users[i].name,
                     role_code(users[i].role), users[i].active ? "active" : "disabled",
                     users[i].totp_sealed == NULL ? "no TOTP" : "TOTP",
                     users[i].last_login_at_ms == 0
                         ? "never"
                         : clock_format_rfc3339(users[i].last_login_at_ms, at),
                     locked ? "  LOCKED" : "", users[i].display_name);
    }
    return CTL_DONE;
}

/* The user named by the first word, with reason and connection; false after printing why. */
static bool user_of(struct ctl *ctl, struct user *user, const char **reason)
{
    *reason = ctl_reason(ctl);
    if (*reason == NULL || !ctl_database(ctl)) {
        return false;
    }
    enum rc rc = user_find_name(ctl->db, &ctl->arena, ctl->words[0], user);
    if (rc != RC_OK) {
        (void)ctl_fail(rc == RC_NOT_FOUND ? "there is no user \"%s\"" : "user %s cannot be read",
                       ctl->words[0]);
    }
    return rc == RC_OK;
}

int ctl_user_state(struct ctl *ctl)
{
    struct user user;
    const char *reason = NULL;
    struct user_refusal refusal = {.code = "", .field = "", .sentence = ""};
    bool active = strcmp(ctl->words[1], "active") == 0;
    if (!active && strcmp(ctl->words[1], "disabled") != 0) {
        return ctl_fail("the state must be active or disabled, not \"%s\"", ctl->words[1]);
    }
    if (!user_of(ctl, &user, &reason)) {
        return CTL_FAILED;
    }
    enum rc rc = user_set_active(ctl->db, &ctl->arena, &ctl->actor, user.id, active, reason, &user,
                                 &refusal);
    if (rc != RC_OK) {
        return refused(ctl, rc, &refusal);
    }
    (void)printf("user %s is %s\n", ctl->words[0], ctl->words[1]);
    return CTL_DONE;
}

int ctl_user_role(struct ctl *ctl)
{
    struct user user;
    const char *reason = NULL;
    struct user_refusal refusal = {.code = "", .field = "", .sentence = ""};
    enum role role = ROLE_AUDITOR;
    if (role_find(ctl->words[1], &role) != RC_OK) {
        return ctl_fail("the role must be administrator, finance, engineer or auditor, not \"%s\"",
                        ctl->words[1]);
    }
    if (!user_of(ctl, &user, &reason)) {
        return CTL_FAILED;
    }
    enum rc rc =
        user_set_role(ctl->db, &ctl->arena, &ctl->actor, user.id, role, reason, &user, &refusal);
    if (rc != RC_OK) {
        return refused(ctl, rc, &refusal);
    }
    (void)printf("user %s is %s\n", ctl->words[0], ctl->words[1]);
    return CTL_DONE;
}

int ctl_user_reset(struct ctl *ctl)
{
    struct user user;
    const char *reason = NULL;
    struct user_refusal refusal = {.code = "", .field = "", .sentence = ""};
    bool totp = strcmp(ctl->words[1], "totp") == 0;
    if (!totp && strcmp(ctl->words[1], "password") != 0) {
        return ctl_fail("what to reset must be password or totp, not \"%s\"", ctl->words[1]);
    }
    uint8_t key[CRYPTO_KEY_BYTES];
    if (!user_of(ctl, &user, &reason) || (!totp && !ctl_field_key(ctl, key))) {
        return CTL_FAILED;
    }
    if (totp) {
        enum rc rc = user_reset_totp(ctl->db, &ctl->arena, &ctl->actor, user.id, reason, &user);
        if (rc != RC_OK) {
            return refused(ctl, rc, &refusal);
        }
        (void)printf("user %s enrols the second factor at the next log-in\n", ctl->words[0]);
        return CTL_DONE;
    }
    char password[USER_ONE_TIME_PASSWORD_BYTES];
    struct login_policy policy = login_policy_of(ctl->config, key);
    enum rc rc = user_reset_password(ctl->db, &ctl->arena, &policy, &ctl->actor, user.id, reason,
                                     password, &user);
    crypto_wipe(key, sizeof(key));
    if (rc != RC_OK) {
        return refused(ctl, rc, &refusal);
    }
    (void)printf("one-time password of %s, to be changed at the next log-in: %s\n", ctl->words[0],
                 password);
    crypto_wipe(password, sizeof(password));
    return CTL_DONE;
}
