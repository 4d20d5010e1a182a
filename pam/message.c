/* The lines of the dialogue protocol: written strictly, read strictly. See message.h. */
#include "message.h"

#include <string.h>

#include "text.h"

/* ---- relay to agent ---- */

static bool append(char *line, size_t *used, const char *literal)
{
    const size_t length = strlen(literal);

    if (LINE_BYTES - *used < length)
        return false;
    memcpy(line + *used, literal, length);
    *used += length;
    return true;
}

static bool append_field(char *line, size_t *used, const char *name, const char *value, size_t limit)
{
    const size_t length = value == NULL ? 0 : strlen(value);

    return length > 0 && length <= limit && text_is_utf8(value, length) && append(line, used, name) &&
           text_encode(line, LINE_BYTES, used, value, length);
}

static bool append_optional(char *line, size_t *used, const char *name, const char *value)
{
    return value == NULL || append_field(line, used, name, value, FIELD_BYTES);
}

size_t message_begin(char *line, const struct opening *opening)
{
    size_t used = 0;
    const bool whole = append(line, &used, "BEGIN 1") &&
                       append_field(line, &used, " kind=", opening->kind, FIELD_BYTES) &&
                       append_field(line, &used, " user=", opening->user, USER_BYTES) &&
                       append_field(line, &used, " service=", opening->service, FIELD_BYTES) &&
                       append_optional(line, &used, " tty=", opening->tty) &&
                       append_optional(line, &used, " rhost=", opening->rhost) &&
                       append_optional(line, &used, " lang=", opening->lang) && append(line, &used, "\n");

    return whole ? used : 0;
}

size_t message_answer(char *line, const char *answer, size_t length)
{
    size_t used = 0;
    const bool whole = length <= ANSWER_BYTES && text_is_utf8(answer, length) && append(line, &used, "ANSWER ") &&
                       text_encode(line, LINE_BYTES, &used, answer, length) && append(line, &used, "\n");

    return whole ? used : 0;
}

/* ---- agent to relay ---- */

/* What is left of a line. Words are taken from its front; a space must separate them, and just one. */
struct rest {
    const char *at;
    size_t left;
    bool more; /* a word follows, perhaps an empty one */
};

struct word {
    const char *at;
    size_t length;
};

static bool take(struct rest *rest, struct word *word)
{
    if (!rest->more)
        return false;
    const char *space = rest->left == 0 ? NULL : memchr(rest->at, ' ', rest->left);
    word->at = rest->at;
    word->length = space == NULL ? rest->left : (size_t)(space - rest->at);
    rest->more = space != NULL;
    const size_t gone = word->length + (space == NULL ? 0 : 1);
    rest->at += gone;
    rest->left -= gone;
    return true;
}

static bool is(struct word word, const char *literal)
{
    return word.length == strlen(literal) && memcmp(word.at, literal, word.length) == 0;
}

/* Takes "name=" off the front of a field; true when it was there. */
static bool strip(struct word *field, const char *name)
{
    const size_t length = strlen(name);

    if (field->length < length || memcmp(field->at, name, length) != 0)
        return false;
    field->at += length;
    field->length -= length;
    return true;
}

/* The last word of a line, decoded and harmless, into message->text. */
static bool last_text(struct rest *rest, struct message *message)
{
    struct word word;
    size_t length;

    if (!take(rest, &word) || rest->more ||
        !text_decode(message->text, sizeof message->text, word.at, word.length, &length))
        return false;
    text_make_harmless(message->text);
    return true;
}

/* The fields of END granted. The relay has no use for them, but one it does not know makes the line no grant. */
static bool granted_fields(struct rest *rest, struct message *message)
{
    bool offline_seen = false;
    bool method_seen = false;
    struct word field;
    size_t length;

    while (take(rest, &field)) {
        if (!offline_seen && strip(&field, "offline=") && (is(field, "yes") || is(field, "no")))
            offline_seen = true;
        else if (!method_seen && strip(&field, "method=") && field.length > 0 &&
                 text_decode(message->text, FIELD_BYTES + 1, field.at, field.length, &length))
            method_seen = true;
        else
            return false;
    }
    message->text[0] = '\0';
    return true;
}

static bool read_end(struct rest *rest, struct message *message)
{
    struct word word;

    if (!take(rest, &word))
        return false;
    if (is(word, "refused")) {
        message->ending = ENDING_REFUSED;
        return last_text(rest, message);
    }
    if (is(word, "granted")) {
        message->ending = ENDING_GRANTED;
        return granted_fields(rest, message);
    }
    if (is(word, "denied"))
        message->ending = ENDING_DENIED;
    else if (is(word, "locked"))
        message->ending = ENDING_LOCKED;
    else if (!is(word, "unavailable"))
        return false;
    return !rest->more;
}

/* SHOW info, SHOW error, ASK hidden, ASK shown: two words to choose from, then the text. */
static bool read_text(struct rest *rest, struct message *message, const char *yes, const char *no, bool *chosen)
{
    struct word word;

    if (!take(rest, &word))
        return false;
    *chosen = is(word, yes);
    return (*chosen || is(word, no)) && last_text(rest, message);
}

static enum message_type read_words(struct rest *rest, struct message *message)
{
    struct word verb;

    if (!take(rest, &verb))
        return MESSAGE_MALFORMED;
    if (is(verb, "SHOW") && read_text(rest, message, "error", "info", &message->error))
        return MESSAGE_SHOW;
    if (is(verb, "ASK") && read_text(rest, message, "hidden", "shown", &message->hidden))
        return MESSAGE_ASK;
    if (is(verb, "END") && read_end(rest, message))
        return MESSAGE_END;
    return MESSAGE_MALFORMED;
}

void message_read(struct message *message, const char *line, size_t length)
{
    struct rest rest = {line, length, true};

    memset(message, 0, sizeof *message);
    if (length >= LINE_BYTES)
        return;
    for (size_t i = 0; i < length; i++)
        if (line[i] < 0x20 || line[i] > 0x7E)
            return;
    const enum message_type type = read_words(&rest, message);
    if (type == MESSAGE_MALFORMED)
        memset(message, 0, sizeof *message);
    message->type = type;
}
