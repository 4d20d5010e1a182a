/*
 * The relay's side of one dialogue. There is no way to VERDICT_GRANTED but the one line in conclude():
 * every other path, forgotten ones included, ends in one of the refusals. See dialogue.h.
 */
#include "dialogue.h"

#include <string.h>

#include "text.h"
#include "wipe.h"

struct run {
    const struct dialogue_wire *wire;
    const struct dialogue_person *person;
    struct dialogue_outcome *outcome;
    int shown;
    int asked;
    bool overtaken; /* the agent spoke while the person was still being asked */
    char line[LINE_BYTES]; /* both ways; may hold an answer, wiped at the end */
    struct message message;
};

/* Ends the dialogue. Always false, so that a step can return it. */
static bool stop(struct run *run, enum verdict verdict, const char *why)
{
    run->outcome->verdict = verdict;
    run->outcome->why = why;
    return false;
}

/* The person gave up, or could not be reached. Whether the agent still hears of it changes nothing. */
static bool cancel(struct run *run, enum verdict verdict, const char *why)
{
    static const char line[] = "CANCEL\n";

    (void)run->wire->send(run->wire->with, line, sizeof line - 1);
    run->person->trace(run->person->with, "CANCEL sent");
    return stop(run, verdict, why);
}

static bool begin(struct run *run, const struct opening *opening)
{
    const size_t length = message_begin(run->line, opening);

    if (length == 0)
        return stop(run, VERDICT_UNAVAILABLE, "user, service, terminal or host is empty, too long or not UTF-8");
    if (!run->wire->send(run->wire->with, run->line, length))
        return stop(run, VERDICT_UNAVAILABLE, "BEGIN could not be sent");
    run->person->trace(run->person->with, "BEGIN sent");
    return true;
}

static bool listen_for_line(struct run *run)
{
    size_t length = 0;

    switch (run->wire->receive(run->wire->with, run->line, &length)) {
    case RECEIVED_LINE:
        message_read(&run->message, run->line, length);
        return true;
    case RECEIVED_END_OF_STREAM:
        return stop(run, VERDICT_UNAVAILABLE, "the agent closed the connection without a verdict");
    case RECEIVED_SILENCE:
        return stop(run, VERDICT_UNAVAILABLE, "the agent did not answer in time");
    case RECEIVED_TOO_LONG:
        return stop(run, VERDICT_UNAVAILABLE, "the agent sent a line that is too long");
    case RECEIVED_ERROR:
        break;
    }
    return stop(run, VERDICT_UNAVAILABLE, "the connection to the agent broke");
}

static bool show(struct run *run)
{
    if (++run->shown > DIALOGUE_MOST_SHOWN)
        return stop(run, VERDICT_UNAVAILABLE, "the agent showed too many messages");
    run->person->trace(run->person->with, run->message.error ? "SHOW error" : "SHOW info");
    if (!run->person->show(run->person->with, run->message.error, run->message.text))
        return cancel(run, VERDICT_CONVERSATION_FAILED, "a message could not be shown");
    return true;
}

/*
 * An answer that arrives too late is not sent: when the agent has spoken meanwhile, it has given up on this question
 * and the answer belongs to nobody. What it said is heard next, and may end the dialogue, but not grant.
 */
static bool send_answer(struct run *run, const char *answer, size_t answer_length)
{
    if (!run->wire->quiet(run->wire->with)) {
        run->overtaken = true;
        run->person->trace(run->person->with, "ANSWER not sent: the agent went on without it");
        return true;
    }
    const size_t length = message_answer(run->line, answer, answer_length);
    if (length == 0)
        return cancel(run, VERDICT_ANSWER_UNFIT, "the answer is not UTF-8");
    if (!run->wire->send(run->wire->with, run->line, length))
        return stop(run, VERDICT_UNAVAILABLE, "the answer could not be sent");
    run->person->trace(run->person->with, "ANSWER sent");
    return true;
}

static bool ask(struct run *run)
{
    char answer[ANSWER_BYTES];
    size_t length = 0;
    bool on = false;

    if (++run->asked > DIALOGUE_MOST_ASKED)
        return stop(run, VERDICT_UNAVAILABLE, "the agent asked too many questions");
    run->person->trace(run->person->with, run->message.hidden ? "ASK hidden" : "ASK shown");
    switch (run->person->ask(run->person->with, run->message.hidden, run->message.text, answer, &length)) {
    case ANSWERED:
        on = send_answer(run, answer, length);
        break;
    case ANSWER_TOO_LONG:
        on = cancel(run, VERDICT_ANSWER_UNFIT, "the answer is too long");
        break;
    case ANSWER_MISSING:
        on = cancel(run, VERDICT_CONVERSATION_FAILED, "there was no answer");
        break;
    }
    wipe(answer, sizeof answer);
    wipe(run->line, sizeof run->line);
    return on;
}

/* Nothing follows END: with more bytes behind it, it is not the end of this dialogue and no verdict. */
static bool conclude(struct run *run)
{
    run->person->trace(run->person->with, "END received");
    if (!run->wire->quiet(run->wire->with))
        return stop(run, VERDICT_UNAVAILABLE, "the agent went on after END");
    switch (run->message.ending) {
    case ENDING_GRANTED:
        return stop(run, VERDICT_GRANTED, "granted");
    case ENDING_DENIED:
        return stop(run, VERDICT_DENIED, "denied");
    case ENDING_LOCKED:
        return stop(run, VERDICT_LOCKED, "locked");
    case ENDING_REFUSED:
        text_copy(run->outcome->refusal, sizeof run->outcome->refusal, run->message.text);
        return stop(run, VERDICT_UNAVAILABLE, "the agent refused the dialogue");
    case ENDING_UNAVAILABLE:
        break;
    }
    return stop(run, VERDICT_UNAVAILABLE, "the agent cannot decide");
}

/* One line of the agent. False ends the dialogue. */
static bool step(struct run *run)
{
    if (!listen_for_line(run))
        return false;
    const bool verdict = run->message.type == MESSAGE_END;
    if (run->overtaken && !(verdict && run->message.ending != ENDING_GRANTED))
        return stop(run, VERDICT_UNAVAILABLE, "the agent did not wait for the answer");
    switch (run->message.type) {
    case MESSAGE_SHOW:
        return show(run);
    case MESSAGE_ASK:
        return ask(run);
    case MESSAGE_END:
        return conclude(run);
    case MESSAGE_MALFORMED:
        break;
    }
    return stop(run, VERDICT_UNAVAILABLE, "the agent sent a malformed line");
}

void dialogue_run(const struct opening *opening, const struct dialogue_wire *wire,
                  const struct dialogue_person *person, struct dialogue_outcome *outcome)
{
    struct run run;

    memset(outcome, 0, sizeof *outcome);
    outcome->why = "the dialogue did not run";
    memset(&run, 0, sizeof run);
    run.wire = wire;
    run.person = person;
    run.outcome = outcome;

    bool on = begin(&run, opening);
    while (on)
        on = step(&run);

    wipe(&run, sizeof run);
}
