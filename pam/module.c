/*
 * Where PAM comes in. Only authentication means anything here.
 *
 * pam_sm_authenticate ends in PAM_SUCCESS for VERDICT_GRANTED and for nothing else, and never in PAM_IGNORE: a
 * module that says "ignore me" lets the rest of the stack grant alone. Nothing is remembered between two calls: a
 * module that stands in a stack twice holds two dialogues and needs two answers.
 *
 * pam_sm_setcred does nothing and says PAM_SUCCESS. libpam asks it on the way that pam_authenticate() took, and
 * judges by what that returned: after a refusal that counted, pam_setcred() fails whatever is said here. PAM_IGNORE
 * would make it fail after a grant in a stack of this module alone; an error, after a refusal that a stack jumps over
 * on purpose. That an application which never looks at pam_authenticate()'s code could take pam_setcred() for a
 * verdict is accepted: no module can help that.
 *
 * Account, session and password say PAM_SERVICE_ERR. The module knows nothing of accounts, sessions or passwords;
 * PAM_SUCCESS there would let "account sufficient" skip the check for an expired account. A line that names it there
 * is a mistake, which is better seen on the first try than never.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "connect.h"
#include "conversation.h"
#include "dialogue.h"
#include "lines.h"
#include "options.h"
#include "sign-in.h"

#define EXPORTED __attribute__((visibility("default")))

static int code_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_GRANTED:
        return PAM_SUCCESS;
    case VERDICT_DENIED:
    case VERDICT_ANSWER_UNFIT:
        return PAM_AUTH_ERR;
    case VERDICT_LOCKED:
        return PAM_MAXTRIES;
    case VERDICT_CONVERSATION_FAILED:
        return PAM_CONV_ERR;
    case VERDICT_UNAVAILABLE:
        break;
    }
    return PAM_AUTHINFO_UNAVAIL;
}

/* The user's name is never logged: people type passwords there by mistake. The agent's event log has it. */
static void log_outcome(pam_handle_t *pamh, const struct dialogue_outcome *outcome)
{
    const int level = outcome->verdict == VERDICT_GRANTED       ? LOG_INFO
                      : outcome->verdict == VERDICT_UNAVAILABLE ? LOG_WARNING
                                                                : LOG_NOTICE;

    if (outcome->refusal[0] != '\0')
        pam_syslog(pamh, level, "sign-in: %s: %s", outcome->why, outcome->refusal);
    else
        pam_syslog(pamh, level, "sign-in: %s", outcome->why);
}

static int authenticate(pam_handle_t *pamh, int flags, const struct options *options)
{
    const int64_t give_up_ms = clock_ms() + options->total_ms;
    struct opening opening;
    const char *why = NULL;

    const int opened = sign_in_opening(pamh, options, &opening, &why);
    if (opened != PAM_SUCCESS) {
        pam_syslog(pamh, LOG_WARNING, "sign-in: %s", why);
        return opened;
    }
    const int patience_ms = options->silence_ms < options->total_ms ? options->silence_ms : options->total_ms;
    const int fd = connect_to_agent(options->socket, options->agent_user, patience_ms, &why);
    if (fd < 0) {
        pam_syslog(pamh, LOG_ERR, "%s: %s", options->socket, why);
        return PAM_AUTHINFO_UNAVAIL;
    }

    struct lines lines;
    lines_over(&lines, fd, options->silence_ms, give_up_ms);
    const bool silent = ((unsigned)flags & PAM_SILENT) != 0;
    struct conversation conversation = {.pamh = pamh, .silent = silent, .debug = options->debug};
    const struct dialogue_wire wire = lines_wire(&lines);
    const struct dialogue_person person = conversation_person(&conversation);
    struct dialogue_outcome outcome;
    dialogue_run(&opening, &wire, &person, &outcome);
    (void)close(fd);

    log_outcome(pamh, &outcome);
    return code_of(outcome.verdict);
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options;
    const char *problem = NULL;
    const char *argument = options_read(&options, argc, argv, &problem);

    if (argument != NULL) {
        pam_syslog(pamh, LOG_ERR, "argument \"%s\" %s", argument, problem);
        return PAM_SERVICE_ERR;
    }
    return authenticate(pamh, flags, &options);
}

EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

static int misplaced(pam_handle_t *pamh, const char *type)
{
    pam_syslog(pamh, LOG_ERR, "only for auth: remove the line \"%s ... pam_nightlatch.so\"", type);
    return PAM_SERVICE_ERR;
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return misplaced(pamh, "account");
}

EXPORTED int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return misplaced(pamh, "session");
}

EXPORTED int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return misplaced(pamh, "session");
}

EXPORTED int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return misplaced(pamh, "password");
}
