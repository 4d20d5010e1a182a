/* Fuzz target: the dialogue and its lines, without PAM. What the agent sends is the input; see fuzz.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../clock.h"
#include "../dialogue.h"
#include "../lines.h"
#include "../text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reaches a screen is UTF-8, and harmless already: making it so once more changes nothing. */
static void check_text(const char *text)
{
    char again[LINE_BYTES];

    if (strlen(text) >= sizeof again || !text_is_utf8(text, strlen(text)))
        abort();
    memcpy(again, text, strlen(text) + 1);
    text_make_harmless(again);
    if (strcmp(again, text) != 0)
        abort();
}

static bool show(void *with, bool error, const char *text)
{
    (void)with;
    (void)error;
    check_text(text);
    return fuzz_person() % 16 != 15;
}

static enum answered ask(void *with, bool hidden, const char *prompt, char *answer, size_t *length)
{
    (void)with;
    (void)hidden;
    check_text(prompt);
    const uint8_t way = fuzz_person();
    if (way % 16 == 15)
        return ANSWER_MISSING;
    if (way % 16 == 14)
        return ANSWER_TOO_LONG;
    *length = (size_t)(way * 2 + way % 2) % (ANSWER_BYTES + 1);
    memset(answer, way % 16 == 13 ? 0xFF : fuzz_person() | 1, *length);
    return ANSWERED;
}

static void trace(void *with, const char *step)
{
    (void)with;
    if (step == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct opening opening = {.kind = "logon", .user = "alice", .service = "login"};
    const struct dialogue_person person = {.show = show, .ask = ask, .trace = trace};
    struct dialogue_outcome outcome;
    struct lines lines;

    if (!fuzz_load(data, size))
        return -1;
    const int fd = fuzz_connect();
    lines_over(&lines, fd, 1000, clock_ms() + 5000);
    const struct dialogue_wire wire = lines_wire(&lines);
    dialogue_run(&opening, &wire, &person, &outcome);
    (void)close(fd);
    if (outcome.why == NULL)
        abort();
    fuzz_check(outcome.verdict == VERDICT_GRANTED);
    return 0;
}
