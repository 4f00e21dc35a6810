/* paywatt-cgi: the web side of one role. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cgi/master.h"
#include "cgi/route.h"
#include "core/base/config.h"
#include "core/base/log.h"

#define OUTPUT_BYTES_MAX ((size_t)8 << 20)

static const char usage[] = "usage: paywatt-cgi --config INI --role staff|tenant|notify|machine\n"
                            "       paywatt-cgi --routes     prints the route table, one line a "
                            "route, tab between columns\n"
                            "       paywatt-cgi --openapi    prints the OpenAPI document\n";

static int print(void (*write)(struct text *out))
{
    CLEANUP(text_release) struct text out;
    text_init(&out, OUTPUT_BYTES_MAX);
    write(&out);
    if (text_result(&out) != RC_OK) {
        return 1;
    }
    return fwrite(text_string(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}

static int serve(const char *config_path, const char *role_name)
{
    enum route_role role = ROUTE_STAFF;
    if (route_role_find(role_name, &role) != RC_OK) {
        (void)fprintf(stderr, "paywatt-cgi: there is no role %s\n%s", role_name, usage);
        return 64;
    }
    CLEANUP(text_release) struct text problems;
    text_init(&problems, 65536);
    CLEANUP(config_free) struct config *config = NULL;
    enum rc rc = config_load(config_path, &problems, &config);
    if (rc != RC_OK) {
        (void)fprintf(stderr, "paywatt-cgi: %s: %s\n%s", config_path, rc_sentence(rc),
                      text_string(&problems));
        return 78;
    }
    log_open("paywatt-cgi", config_log_level(config));
    struct rlimit none = {0, 0}; /* a core file would hold secrets */
    (void)setrlimit(RLIMIT_CORE, &none);
    return master_run(config, role);
}

int main(int argc, char **argv)
{
    const char *config_path = NULL;
    const char *role_name = NULL;
    const char *problem = route_table_problem();
    if (problem != NULL) {
        (void)fprintf(stderr, "paywatt-cgi: routes.def: %s\n", problem);
        return 70;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--routes") == 0) {
            return print(route_table_print);
        }
        if (strcmp(argv[i], "--openapi") == 0) {
            return print(openapi_write);
        }
        if (strcmp(argv[i], "--help") == 0) {
            return fputs(usage, stdout) < 0;
        }
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            config_path = argv[++i];
        } else if (strcmp(argv[i], "--role") == 0 && i + 1 < argc) {
            role_name = argv[++i];
        } else {
            (void)fprintf(stderr, "paywatt-cgi: %s is not understood\n%s", argv[i], usage);
            return 64;
        }
    }
    if (config_path == NULL || role_name == NULL) {
        (void)fputs(usage, stderr);
        return 64;
    }
    return serve(config_path, role_name);
}
