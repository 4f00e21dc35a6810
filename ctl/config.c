/* paywattctl config print */
#include <stdio.h>

#include "core/base/text.h"
#include "ctl/ctl.h"

int ctl_config_print(struct ctl *ctl)
{
    struct text out __attribute__((cleanup(text_release)));
    text_init(&out, 1 << 20);
    config_print(ctl->config, &out);
    if (text_result(&out) != RC_OK) {
        return ctl_fail("%s", rc_sentence(text_result(&out)));
    }
    (void)fputs(text_string(&out), stdout);
    return CTL_DONE;
}
