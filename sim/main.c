/* paywatt-sim: stand-ins for what lies outside. One row a subcommand. */
#include <stdio.h>
#include <string.h>

#include "core/base/rc.h"
#include "sim/main.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} subcommands[] = {
    {"field", field_main, "gateways, RS-485 lines and prepaid meters of a park file"},
    {"pay", pay_main, "WeChat Pay, Alipay and UnionPay with keys of their own, and a cashier"},
};

static int usage(FILE *out, int status)
{
    fprintf(out,
            "usage: paywatt-sim SUBCOMMAND ...   (paywatt-sim SUBCOMMAND --help tells more)\n");
    for (size_t i = 0; i < ARRAY_LEN(subcommands); i++) {
        fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].help);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return usage(stderr, 2);
    }
    for (size_t i = 0; i < ARRAY_LEN(subcommands); i++) {
        if (strcmp(subcommands[i].name, argv[1]) == 0) {
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(argv[1], "--help") == 0) {
        return usage(stdout, 0);
    }
    fprintf(stderr, "paywatt-sim: there is no subcommand %s\n", argv[1]);
    return usage(stderr, 2);
}
