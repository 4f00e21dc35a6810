/* What the parts of server_tool share. Internal to core/store. */
#ifndef PW_STORE_SERVER_TOOL_OWN_H
#define PW_STORE_SERVER_TOOL_OWN_H

#include "core/store/server_tool.h"

/* Usable with CLEANUP; accepts -1. */
void tool_fd_close(int *fd);
/* "name: its last line". */
void tool_say(const struct tool_place *place, const char *name, struct text *problem);
/* Writes the option file; ret_word is the argument that names it. */
enum rc tool_options(const struct tool_place *place, struct text *problem,
                     char ret_word[TOOL_PATH_BYTES + 40]) MUST_CHECK;
/* Opens the file for a program's messages; -1 where it cannot. */
int tool_messages(const struct tool_place *place, const char *name);
/* Starts words[0] with its messages in the work folder; problem has a sentence on failure. */
enum rc tool_start(const struct tool_place *place, const char *const *words, int in_fd, int out_fd,
                   struct text *problem, pid_t *ret_pid) MUST_CHECK;

#endif
