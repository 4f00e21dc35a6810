/* paywattctl setting set NAME VALUE */
#include <stdio.h>

#include "core/flow/setting.h"
#include "ctl/ctl.h"

int ctl_setting_set(struct ctl *ctl)
{
    const char *reason = ctl_reason(ctl);
    if (reason == NULL || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    const char *why = "";
    enum rc rc = setting_change(ctl->db, &ctl->arena, &ctl->actor, ctl->words[0], ctl->words[1],
                                config_bool(ctl->config, CONFIG_site_simulated), reason, &why);
    if (rc != RC_OK) {
        return ctl_fail("setting %s: %s", ctl->words[0], why[0] == '\0' ? db_error(ctl->db) : why);
    }
    (void)printf("%s = %s\n", ctl->words[0], ctl->words[1]);
    return CTL_DONE;
}
