/* paywattctl tenant password PHONE --password-file=FILE */
#include <stdio.h>

#include "core/base/crypto.h"
#include "core/flow/tenant_login.h"
#include "ctl/ctl.h"

int ctl_tenant_password(struct ctl *ctl)
{
    uint8_t key[CRYPTO_KEY_BYTES];
    char password[CRYPTO_PASSWORD_MAX + 1];
    const char *file = ctl_option(ctl, "--password-file");
    if (file == NULL) {
        return ctl_fail("--password-file names the file that holds the password");
    }
    if (!ctl_field_key(ctl, key) || !ctl_secret(file, password, sizeof(password)) ||
        !ctl_database_of_staff(ctl)) {
        return CTL_FAILED;
    }
    struct login_policy policy = login_policy_of(ctl->config, key);
    enum rc rc =
        tenant_password_preset(ctl->db, &ctl->arena, &policy, &ctl->actor, ctl->words[0], password);
    crypto_wipe(password, sizeof(password));
    crypto_wipe(key, sizeof(key));
    if (rc == RC_INVALID) {
        return ctl_fail("it is not a phone, or the password has not 8 to %d bytes",
                        CRYPTO_PASSWORD_MAX);
    }
    if (rc == RC_NOT_FOUND) {
        return ctl_fail("nobody put %s on an open account", ctl->words[0]);
    }
    if (rc != RC_OK) {
        return ctl_fail("%s", db_error(ctl->db));
    }
    (void)printf("%s has this password\n", ctl->words[0]);
    return CTL_DONE;
}
