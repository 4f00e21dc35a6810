/*
 * Log: one line a fact on standard error, "time level program[pid] context: message".
 * Only programs log (the loop at the top, once, with its context); library code never does.
 * Control characters are replaced, lines are cut at LOG_LINE_MAX: no input can forge a line.
 */
#ifndef PW_BASE_LOG_H
#define PW_BASE_LOG_H

#include "core/base/rc.h"

#define LOG_LINE_MAX 2048

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Sets the program's name (borrowed for ever) and the least level that is written. */
void log_open(const char *program, enum log_level least);
/* Writes one line. context: "line L03", "command 812"; never NULL, may be "". Thread safe. */
void log_write(enum log_level level, const char *context, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
