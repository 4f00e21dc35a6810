/*
 * Sentences for result codes of orders: one row each in command_result.def.
 */
#ifndef PW_RULES_COMMAND_RESULT_H
#define PW_RULES_COMMAND_RESULT_H

/* The sentence; "" for "", the code itself for one that has no row. Never NULL. */
const char *command_result_zh(const char *code);
const char *command_result_en(const char *code);

#endif
