/* What PAM knows of this sign-in, as the opening of a dialogue. */
#ifndef NIGHTLATCH_SIGN_IN_H
#define NIGHTLATCH_SIGN_IN_H

#include <security/pam_modules.h>

#include "message.h"
#include "options.h"

/*
 * PAM_SUCCESS with the opening filled in; its strings belong to the PAM handle, the options or the environment.
 * Otherwise the code to end with, and *why: a constant for the log.
 */
int sign_in_opening(pam_handle_t *pamh, const struct options *options, struct opening *opening, const char **why);

#endif
