#include "core/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"

static const char *program_name = "paywatt";
static _Atomic int least_level = LOG_INFO;

void log_open(const char *program, enum log_level least)
{
    assert(program != NULL);
    program_name = program;
    atomic_store(&least_level, (int)least);
}

static size_t bounded(int len, size_t size)
{
    return len < 0 ? 0 : (size_t)len >= size ? size - 1 : (size_t)len;
}

void log_write(enum log_level level, const char *context, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    assert(context != NULL && format != NULL);
    if ((int)level < atomic_load(&least_level)) {
        return;
    }
    char line[LOG_LINE_MAX + 1];
    char time_text[CLOCK_TEXT_MAX];
    size_t len = bounded(
        snprintf(line, LOG_LINE_MAX,
                 "%s %s %s[%d]%s%s: ", clock_format_rfc3339(clock_now_ms(), time_text),
                 names[level], program_name, (int)getpid(), context[0] == '\0' ? "" : " ", context),
        LOG_LINE_MAX);
    va_list args;
    va_start(args, format);
    len += bounded(vsnprintf(line + len, LOG_LINE_MAX - len, format, args), LOG_LINE_MAX - len);
    va_end(args);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) {
            line[i] = ' ';
        }
    }
    line[len++] = '\n';
    /* One write a line, so that lines of threads never mix. A full pipe or disk must not stop us.
     */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}
