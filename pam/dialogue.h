/*
 * One sign-in, from BEGIN to END: the agent leads, the relay shows, asks and reports the verdict.
 * The outside comes in through two small interfaces, so that a relay on another system brings its own.
 */
#ifndef NIGHTLATCH_DIALOGUE_H
#define NIGHTLATCH_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "message.h"

enum { DIALOGUE_MOST_SHOWN = 64, DIALOGUE_MOST_ASKED = 16 };

enum received { RECEIVED_LINE, RECEIVED_END_OF_STREAM, RECEIVED_SILENCE, RECEIVED_TOO_LONG, RECEIVED_ERROR };

/* The connection. It keeps the time: a call that takes too long fails. */
struct dialogue_wire {
    void *with;
    bool (*send)(void *with, const char *bytes, size_t length);
    /* One line without its newline into line[LINE_BYTES]. */
    enum received (*receive)(void *with, char *line, size_t *length);
    /* True while nothing has arrived that was not yet received. */
    bool (*quiet)(void *with);
};

enum answered { ANSWERED, ANSWER_MISSING, ANSWER_TOO_LONG };

/* The person, seen through whatever stands between. Texts are UTF-8 without control characters. */
struct dialogue_person {
    void *with;
    bool (*show)(void *with, bool error, const char *text);
    /* The answer, not ended by NUL, into answer[ANSWER_BYTES]; the dialogue wipes it. */
    enum answered (*ask)(void *with, bool hidden, const char *prompt, char *answer, size_t *length);
    /* Hears of each step, never of what was said in it. */
    void (*trace)(void *with, const char *step);
};

/* Zero is no success. VERDICT_GRANTED comes from one place only: a well-formed END granted, in its turn. */
enum verdict {
    VERDICT_UNAVAILABLE = 0, /* also: refused, silence, anything unexpected */
    VERDICT_DENIED,
    VERDICT_LOCKED,
    VERDICT_CONVERSATION_FAILED, /* nobody there to ask or to show to */
    VERDICT_ANSWER_UNFIT, /* too long or not UTF-8: cannot be a right answer */
    VERDICT_GRANTED,
};

struct dialogue_outcome {
    enum verdict verdict;
    const char *why; /* for the log: a constant, without anything the person or the agent said */
    char refusal[128]; /* for the log: the agent's own words in END refused */
};

void dialogue_run(const struct opening *opening, const struct dialogue_wire *wire,
                  const struct dialogue_person *person, struct dialogue_outcome *outcome);

#endif
