/*
 * The lines of the dialogue protocol, version 1: what the relay writes and what it understands of the agent.
 * Pure: no clock, no socket, no PAM. The limits are the protocol's.
 */
#ifndef NIGHTLATCH_MESSAGE_H
#define NIGHTLATCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LINE_BYTES = 4096, /* a line with its newline */
    USER_BYTES = 256, /* decoded, as are the two below */
    FIELD_BYTES = 128,
    ANSWER_BYTES = 512,
};

/* Who wants to sign in, where and how. NULL leaves a field out; kind, user and service must be there. */
struct opening {
    const char *kind;
    const char *user;
    const char *service;
    const char *tty;
    const char *rhost;
    const char *lang;
};

/* Zero is the answer for everything that is not exactly a line of the protocol. */
enum message_type { MESSAGE_MALFORMED = 0, MESSAGE_SHOW, MESSAGE_ASK, MESSAGE_END };

enum ending { ENDING_UNAVAILABLE = 0, ENDING_DENIED, ENDING_LOCKED, ENDING_REFUSED, ENDING_GRANTED };

struct message {
    enum message_type type;
    bool error; /* SHOW error */
    bool hidden; /* ASK hidden */
    enum ending ending;
    char text[LINE_BYTES]; /* decoded and harmless: of SHOW, ASK, END refused */
};

/*
 * Each writes one line with its newline into line[LINE_BYTES] and returns its length; 0 when a value is missing,
 * empty, too long or not UTF-8. Only an answer may be empty.
 */
size_t message_begin(char *line, const struct opening *opening);
size_t message_answer(char *line, const char *answer, size_t length);

/* Reads one line, given without its newline. Anything unexpected makes it MESSAGE_MALFORMED. */
void message_read(struct message *message, const char *line, size_t length);

#endif
