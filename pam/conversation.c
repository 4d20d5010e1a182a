/*
 * The person, seen through the application's PAM conversation function. An answer lives in two places, the
 * application's response and the dialogue's buffer; the first is wiped here, the second by the dialogue.
 */
#include "conversation.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "text.h"
#include "wipe.h"

/*
 * Applications may count on PAM_MAX_MSG_SIZE: a longer text is cut.
 * PAM_CONV_AGAIN is a failure: the dialogue cannot be left and entered again.
 * After a failure the response is not touched. Who owns it then is not defined, and a double free is worse than a
 * leak.
 */
static bool say(const struct conversation *conversation, int style, const char *text, struct pam_response **response)
{
    char message_text[PAM_MAX_MSG_SIZE];
    const void *item = NULL;

    *response = NULL;
    if (pam_get_item(conversation->pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
        return false;
    const struct pam_conv *application = item;
    if (application->conv == NULL)
        return false;
    text_copy(message_text, sizeof message_text, text);

    const struct pam_message message = {.msg_style = style, .msg = message_text};
    const struct pam_message *messages[1] = {&message};
    if (application->conv(1, messages, response, application->appdata_ptr) == PAM_SUCCESS)
        return true;
    *response = NULL;
    return false;
}

static void forget(struct pam_response *response)
{
    if (response == NULL)
        return;
    if (response->resp != NULL) {
        wipe(response->resp, strlen(response->resp));
        free(response->resp);
    }
    free(response);
}

static bool show(void *with, bool error, const char *text)
{
    const struct conversation *conversation = with;
    struct pam_response *response = NULL;

    if (conversation->silent)
        return true;
    const bool shown = say(conversation, error ? PAM_ERROR_MSG : PAM_TEXT_INFO, text, &response);
    forget(response);
    return shown;
}

static enum answered ask(void *with, bool hidden, const char *prompt, char *answer, size_t *length)
{
    const struct conversation *conversation = with;
    struct pam_response *response = NULL;
    enum answered answered = ANSWER_MISSING;

    if (say(conversation, hidden ? PAM_PROMPT_ECHO_OFF : PAM_PROMPT_ECHO_ON, prompt, &response) && response != NULL &&
        response->resp != NULL) {
        *length = strlen(response->resp);
        answered = *length <= ANSWER_BYTES ? ANSWERED : ANSWER_TOO_LONG;
        if (answered == ANSWERED)
            memcpy(answer, response->resp, *length);
    }
    forget(response);
    return answered;
}

static void trace(void *with, const char *step)
{
    const struct conversation *conversation = with;

    if (conversation->debug)
        pam_syslog(conversation->pamh, LOG_DEBUG, "%s", step);
}

struct dialogue_person conversation_person(struct conversation *conversation)
{
    return (struct dialogue_person){.with = conversation, .show = show, .ask = ask, .trace = trace};
}
