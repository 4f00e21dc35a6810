/* The subcommands of paywatt-sim: each takes its own arguments (argv[0] is its name) and answers
 * the exit status. */
#ifndef PW_SIM_MAIN_H
#define PW_SIM_MAIN_H

int field_main(int argc, char **argv);

#endif
