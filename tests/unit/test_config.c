/* Settings: defaults, every kind of mistake with its file, line and sentence, reload, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/config.h"

static char path[64];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/pw_config_XXXXXX");
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void good_file(void **state)
{
    (void)state;
    write_file("# a comment\n[poller]\nshard = 7\n\n[database]\nsocket=/tmp/a b.sock\n"
               "[site]\nsimulated = true\n[log]\nlevel = warning\n");
    struct text problems;
    text_init(&problems, 4096);
    CLEANUP(config_free) struct config *config = NULL;
    assert_int_equal(config_load(path, &problems, &config), RC_OK);
    assert_int_equal(config_int(config, CONFIG_poller_shard), 7);
    assert_string_equal(config_text(config, CONFIG_database_socket), "/tmp/a b.sock");
    assert_true(config_bool(config, CONFIG_site_simulated));
    assert_int_equal(config_log_level(config), LOG_WARNING);
    assert_int_equal(config_int(config, CONFIG_poller_batch_ms), 100);
    assert_string_equal(config_text(config, CONFIG_poller_metrics_file), "");
    assert_string_equal(text_string(&problems), "");
    text_release(&problems);
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *sentence; /* after the file's name */
    } cases[] = {
        {"[poler]\nshard = 1\n", ":2: unknown section [poler] (setting shard)\n"},
        {"[poller]\nshards = 1\n", ":2: unknown setting shards in section [poller]\n"},
        {"shard = 1\n", ":1: setting shard stands before the first [section]\n"},
        {"[poller]\nshard = one\n",
         ":2: [poller] shard must be a whole number from 0 to 999, not \"one\"\n"},
        {"[poller]\nshard = 1000\n",
         ":2: [poller] shard must be a whole number from 0 to 999, not \"1000\"\n"},
        {"[poller]\nshard = 1 ; inline\n",
         ":2: [poller] shard must be a whole number from 0 to 999, not \"1 ; inline\"\n"},
        {"[site]\n\nsimulated = yes\n",
         ":3: [site] simulated must be true or false, not \"yes\"\n"},
        {"[log]\nlevel = loud\n",
         ":2: [log] level must be debug, info, warning or error, not \"loud\"\n"},
        {"[paths]\nrun = here\n",
         ":2: [paths] run must be a path that starts with /, not \"here\"\n"},
        {"[paths]\nrun =\n", ":2: [paths] run must be a path that starts with /, not \"\"\n"},
        {"[database]\nname =\n", ":2: [database] name must have 1 to 64 characters, not \"\"\n"},
        {"[poller]\nshard = 1\nshard = 2\n", ":3: [poller] shard is set twice, first in line 2\n"},
        {"[poller]\nnonsense\n", ":2: this is neither [section] nor key = value\n"},
        {"[database]\nname = \xff\xfe\n", ":2: [database] name is not UTF-8\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_file(cases[i].file);
        struct text problems;
        text_init(&problems, 4096);
        struct config *config = NULL;
        assert_int_equal(config_load(path, &problems, &config), RC_INVALID);
        assert_null(config);
        char expected[400];
        (void)snprintf(expected, sizeof(expected), "%s%s", path, cases[i].sentence);
        assert_string_equal(text_string(&problems), expected);
        text_release(&problems);
    }
}

static void all_mistakes_at_once(void **state)
{
    (void)state;
    write_file("[poller]\nshard = x\nbatch_ms = 1\n[a]\nb = c\n");
    struct text problems;
    text_init(&problems, 4096);
    struct config *config = NULL;
    assert_int_equal(config_load(path, &problems, &config), RC_INVALID);
    assert_non_null(strstr(text_string(&problems), ":2: "));
    assert_non_null(strstr(text_string(&problems), ":3: "));
    assert_non_null(strstr(text_string(&problems), ":5: "));
    text_release(&problems);
}

static void long_line_and_missing_file(void **state)
{
    (void)state;
    struct text problems;
    text_init(&problems, 65536);
    struct text file;
    text_init(&file, 8192);
    text_add_string(&file, "[poller]\n# ");
    for (int i = 0; i < 2000; i++) {
        text_add_char(&file, 'x');
    }
    text_add_string(&file, "\nshard = 3\n");
    write_file(text_string(&file));
    struct config *config = NULL;
    assert_int_equal(config_load(path, &problems, &config), RC_INVALID);
    assert_non_null(strstr(text_string(&problems), ":2: the line is longer than 998 bytes"));
    text_clear(&problems);
    assert_int_equal(config_load("/nonexistent/paywatt.ini", &problems, &config), RC_NOT_FOUND);
    assert_string_equal(text_string(&problems),
                        "/nonexistent/paywatt.ini: cannot be opened: No such file or directory\n");
    text_release(&file);
    text_release(&problems);
}

static void reload_takes_only_what_may_change(void **state)
{
    (void)state;
    struct text problems;
    struct text restart;
    text_init(&problems, 4096);
    text_init(&restart, 4096);
    CLEANUP(config_free) struct config *config = NULL;
    write_file("[poller]\nbatch_ms = 100\n");
    assert_int_equal(config_load(path, &problems, &config), RC_OK);
    write_file("[poller]\nbatch_ms = 200\nshard = 5\n");
    assert_int_equal(config_reload(config, &problems, &restart), RC_OK);
    assert_int_equal(config_int(config, CONFIG_poller_batch_ms), 200);
    assert_int_equal(config_int(config, CONFIG_poller_shard), 0);
    assert_string_equal(text_string(&restart), "[poller] shard\n");
    write_file("[poller]\nbatch_ms = 5\n");
    assert_int_equal(config_reload(config, &problems, &restart), RC_INVALID);
    assert_int_equal(config_int(config, CONFIG_poller_batch_ms), 200);
    text_release(&problems);
    text_release(&restart);
}

/* What config print writes is a file that means the same. */
static void printed_table_reads_back(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 1 << 20);
    CLEANUP(config_free) struct config *config = NULL;
    assert_int_equal(config_defaults(&config), RC_OK);
    config_print(config, &out);
    assert_int_equal(text_result(&out), RC_OK);
    write_file(text_string(&out));
    struct text problems;
    text_init(&problems, 65536);
    CLEANUP(config_free) struct config *again = NULL;
    enum rc rc = config_load(path, &problems, &again);
    assert_string_equal(text_string(&problems), "");
    assert_int_equal(rc, RC_OK);
    text_release(&problems);
    text_release(&out);
}

static void secret_key_needs_rights(void **state)
{
    (void)state;
    char file[200];
    char key_path[80];
    (void)snprintf(key_path, sizeof(key_path), "%s.key", path);
    (void)snprintf(file, sizeof(file), "[security]\naudit_key_file = %s\n", key_path);
    write_file(file);
    struct text problems;
    text_init(&problems, 4096);
    CLEANUP(config_free) struct config *config = NULL;
    assert_int_equal(config_load(path, &problems, &config), RC_OK);
    uint8_t key[32] = {0};
    const char *why = "";
    assert_int_equal(config_secret_key(config, CONFIG_security_audit_key_file, key, &why),
                     RC_NOT_FOUND);
    FILE *out = fopen(key_path, "w");
    assert_non_null(out);
    for (int i = 0; i < 32; i++) {
        (void)fputs("a5", out);
    }
    (void)fputs("\n", out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(key_path, 0640), 0);
    assert_int_equal(config_secret_key(config, CONFIG_security_audit_key_file, key, &why),
                     RC_FORBIDDEN);
    assert_string_equal(why, "group or others have rights to it: chmod 0600 or 0400");
    assert_int_equal(chmod(key_path, 0400), 0);
    assert_int_equal(config_secret_key(config, CONFIG_security_audit_key_file, key, &why), RC_OK);
    assert_int_equal(key[0], 0xA5);
    assert_int_equal(key[31], 0xA5);
    assert_int_equal(unlink(key_path), 0);
    text_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_mistakes_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_line_and_missing_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reload_takes_only_what_may_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(printed_table_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secret_key_needs_rights, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
