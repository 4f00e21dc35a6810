/* Pinyin initials: each boundary of GB 2312, its level 2 list, and what is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rc.h"
#include "core/rules/pinyin.h"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *initials;
    } cases[] = {
        {"青禾里大型生鲜超市", "qhldxsxcs"},
        {"木棉足道", "mmzd"},
        {"丹枫粥铺", "dfzp"},
        {"榕树咖啡", "rskf"},
        {"橘子烘焙坊", "jzhbf"},
        {"西窗寿司屋", "xcssw"},
        {"鑫馨·KTV 3号", "xxktv3h"},
        {"瑜伽", "yj"},
        /* the first and the last character of each boundary */
        {"啊澳芭怖擦错搭堕蛾贰发咐噶过哈获", "aabbccddeeffgghh"},
        {"击骏喀阔垃落妈穆拿糯哦藕啪曝期群", "jjkkllmmnnooppqq"},
        {"然弱撒所塌拓挖悟西迅丫孕匝座", "rrssttwwxxyyzz"},
        {"", ""},
        {"！？。", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[64];
        assert_string_equal(pinyin_initials(cases[i].text, out, sizeof(out)), cases[i].initials);
    }
}

static void bounded(void **state)
{
    (void)state;
    char out[4];
    assert_string_equal(pinyin_initials("木棉足道", out, sizeof(out)), "mmz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
