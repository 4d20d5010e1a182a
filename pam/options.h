/* The module's arguments in a PAM stack, read once per call. */
#ifndef NIGHTLATCH_OPTIONS_H
#define NIGHTLATCH_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_SOCKET "/run/nightlatch/dialogue.sock"
#define OPTIONS_AGENT_USER "nightlatch"

struct options {
    const char *socket;
    const char *agent_user;
    const char *kind; /* NULL: deduced from the service */
    int silence_ms;
    int total_ms;
    bool debug;
};

/*
 * NULL when every argument is known, given once and has a bearable value. Otherwise the first argument that is not,
 * and *problem says why. Then the options are not to be used: a stack that says something else than its author
 * meant decides nothing.
 */
const char *options_read(struct options *options, int count, const char **arguments, const char **problem);

#endif
