/*
 * Lines over a connected stream socket, under two limits: the other end's silence before one whole line, and the
 * end of the dialogue. A byte now and then does not count as a sign of life.
 */
#ifndef NIGHTLATCH_LINES_H
#define NIGHTLATCH_LINES_H

#include <stdint.h>

#include "dialogue.h"

struct lines {
    int fd; /* non-blocking; stays the caller's to close */
    int silence_ms;
    int64_t give_up_ms; /* on the clock of clock.h */
    size_t used;
    char held[LINE_BYTES]; /* received, not yet taken; only the agent's bytes */
};

void lines_over(struct lines *lines, int fd, int silence_ms, int64_t give_up_ms);

/* The dialogue's view of the lines, which must outlive it. */
struct dialogue_wire lines_wire(struct lines *lines);

#endif
