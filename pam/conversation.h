/* The person, seen through the application's PAM conversation function. */
#ifndef NIGHTLATCH_CONVERSATION_H
#define NIGHTLATCH_CONVERSATION_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "dialogue.h"

struct conversation {
    pam_handle_t *pamh;
    bool silent; /* PAM_SILENT: messages are not shown; questions still are */
    bool debug;
};

/* The dialogue's view of the conversation, which must outlive it. */
struct dialogue_person conversation_person(struct conversation *conversation);

#endif
