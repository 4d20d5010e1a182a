/* What kind of sign-in a PAM service stands for. */
#ifndef NIGHTLATCH_KIND_H
#define NIGHTLATCH_KIND_H

#include <stdbool.h>

/* "logon", "unlock", "elevate" or "remote": a constant. A service that is not known is a logon. */
const char *kind_of_service(const char *service);

bool kind_is_known(const char *kind);

#endif
