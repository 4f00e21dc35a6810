/* The subcommands of paywatt-sim: each takes its own arguments (argv[0] is its name) and answers
 * the exit status. */
#ifndef PW_SIM_MAIN_H
#define PW_SIM_MAIN_H

/* Simulated gateways, lines and meters: docs/simulator.md. */
int field_main(int argc, char **argv);
/* The payment providers: docs/simulator.md. */
int pay_main(int argc, char **argv);

#endif
