/*
 * What PAM knows of this sign-in. Terminal and host are evidence: when one is there but cannot be told to the agent,
 * the sign-in is refused (message_begin() does that), so that a stranger cannot choose what the agent gets to know.
 * The language is a courtesy: a strange one is left out.
 */
#include "sign-in.h"

#include <security/pam_ext.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kind.h"
#include "text.h"

/* The item as a string, NULL when it is not set or empty. */
static const char *item(pam_handle_t *pamh, int type)
{
    const void *value = NULL;

    if (pam_get_item(pamh, type, &value) != PAM_SUCCESS || value == NULL || *(const char *)value == '\0')
        return NULL;
    return value;
}

/* The look of a locale's name, as in sr_RS.UTF-8@latin. */
static bool names_a_locale(const char *value)
{
    const size_t length = strlen(value);

    if (length == 0 || length > FIELD_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!text_is_plain((unsigned char)value[i]) || strchr("~:,/", value[i]) != NULL)
            return false;
    return true;
}

/*
 * The first that is set decides, as in setlocale(). In a setuid program the environment is the caller's own: what it
 * can choose here is the language of its own prompts.
 */
static const char *language(pam_handle_t *pamh)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        const char *name = names[i % 3];
        const char *value = i < 3 ? pam_getenv(pamh, name) : getenv(name);
        if (value != NULL && *value != '\0')
            return names_a_locale(value) ? value : NULL;
    }
    return NULL;
}

int sign_in_opening(pam_handle_t *pamh, const struct options *options, struct opening *opening, const char **why)
{
    const char *user = NULL;

    memset(opening, 0, sizeof *opening);
    /* PAM_CONV_AGAIN among the failures: this module cannot be left and entered again. */
    if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL) {
        *why = "there is no user name";
        return PAM_CONV_ERR;
    }
    opening->service = item(pamh, PAM_SERVICE);
    if (opening->service == NULL) {
        *why = "there is no service name";
        return PAM_AUTHINFO_UNAVAIL;
    }
    opening->user = user;
    opening->kind = options->kind != NULL ? options->kind : kind_of_service(opening->service);
    opening->tty = item(pamh, PAM_TTY);
    opening->rhost = item(pamh, PAM_RHOST);
    opening->lang = language(pamh);
    return PAM_SUCCESS;
}
