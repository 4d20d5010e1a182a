/* The calls an application makes, and what came of them. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *name_of(int code)
{
    static const char *const names[] = {
        [PAM_SUCCESS] = "PAM_SUCCESS",
        [PAM_OPEN_ERR] = "PAM_OPEN_ERR",
        [PAM_SYMBOL_ERR] = "PAM_SYMBOL_ERR",
        [PAM_SERVICE_ERR] = "PAM_SERVICE_ERR",
        [PAM_SYSTEM_ERR] = "PAM_SYSTEM_ERR",
        [PAM_BUF_ERR] = "PAM_BUF_ERR",
        [PAM_PERM_DENIED] = "PAM_PERM_DENIED",
        [PAM_AUTH_ERR] = "PAM_AUTH_ERR",
        [PAM_CRED_INSUFFICIENT] = "PAM_CRED_INSUFFICIENT",
        [PAM_AUTHINFO_UNAVAIL] = "PAM_AUTHINFO_UNAVAIL",
        [PAM_USER_UNKNOWN] = "PAM_USER_UNKNOWN",
        [PAM_MAXTRIES] = "PAM_MAXTRIES",
        [PAM_NEW_AUTHTOK_REQD] = "PAM_NEW_AUTHTOK_REQD",
        [PAM_ACCT_EXPIRED] = "PAM_ACCT_EXPIRED",
        [PAM_SESSION_ERR] = "PAM_SESSION_ERR",
        [PAM_CRED_UNAVAIL] = "PAM_CRED_UNAVAIL",
        [PAM_CRED_EXPIRED] = "PAM_CRED_EXPIRED",
        [PAM_CRED_ERR] = "PAM_CRED_ERR",
        [PAM_NO_MODULE_DATA] = "PAM_NO_MODULE_DATA",
        [PAM_CONV_ERR] = "PAM_CONV_ERR",
        [PAM_AUTHTOK_ERR] = "PAM_AUTHTOK_ERR",
        [PAM_AUTHTOK_RECOVERY_ERR] = "PAM_AUTHTOK_RECOVERY_ERR",
        [PAM_AUTHTOK_LOCK_BUSY] = "PAM_AUTHTOK_LOCK_BUSY",
        [PAM_AUTHTOK_DISABLE_AGING] = "PAM_AUTHTOK_DISABLE_AGING",
        [PAM_TRY_AGAIN] = "PAM_TRY_AGAIN",
        [PAM_IGNORE] = "PAM_IGNORE",
        [PAM_ABORT] = "PAM_ABORT",
        [PAM_AUTHTOK_EXPIRED] = "PAM_AUTHTOK_EXPIRED",
        [PAM_MODULE_UNKNOWN] = "PAM_MODULE_UNKNOWN",
        [PAM_BAD_ITEM] = "PAM_BAD_ITEM",
        [PAM_CONV_AGAIN] = "PAM_CONV_AGAIN",
        [PAM_INCOMPLETE] = "PAM_INCOMPLETE",
    };
    const size_t count = sizeof names / sizeof names[0];

    return code >= 0 && (size_t)code < count && names[code] != NULL ? names[code] : "PAM_?";
}

/* A handle with its items set; ends the process when that fails, since no test means that. */
static pam_handle_t *start(const struct plan *plan, struct script *script)
{
    const struct pam_conv conv = {.conv = plan->no_conversation ? NULL : converse, .appdata_ptr = script};
    pam_handle_t *handle = NULL;
    int code = pam_start_confdir(plan->service, plan->user, &conv, plan->confdir, &handle);

    if (code == PAM_SUCCESS && plan->rhost != NULL)
        code = pam_set_item(handle, PAM_RHOST, plan->rhost);
    if (code == PAM_SUCCESS && plan->tty != NULL)
        code = pam_set_item(handle, PAM_TTY, plan->tty);
    for (size_t i = 0; code == PAM_SUCCESS && i < plan->pamenv_count; i++)
        code = pam_putenv(handle, plan->pamenv[i]);
    if (code != PAM_SUCCESS) {
        fprintf(stderr, "drive: cannot start: %s\n", name_of(code));
        exit(2);
    }
    return handle;
}

static int make_call(pam_handle_t *handle, const char *call, unsigned wanted)
{
    const int flags = (int)wanted;

    if (strcmp(call, "auth") == 0)
        return pam_authenticate(handle, flags);
    if (strcmp(call, "setcred") == 0)
        return pam_setcred(handle, (int)(wanted | PAM_ESTABLISH_CRED));
    if (strcmp(call, "acct") == 0)
        return pam_acct_mgmt(handle, flags);
    if (strcmp(call, "open") == 0)
        return pam_open_session(handle, flags);
    if (strcmp(call, "close") == 0)
        return pam_close_session(handle, flags);
    if (strcmp(call, "chauthtok") == 0)
        return pam_chauthtok(handle, flags);
    fprintf(stderr, "drive: unknown call %s\n", call);
    exit(2);
}

int run_calls(const struct plan *plan, struct script *script)
{
    char calls[256];
    char *rest = NULL;
    bool all = true;
    int code = PAM_SUCCESS;

    if (strlen(plan->calls) >= sizeof calls)
        usage();
    memcpy(calls, plan->calls, strlen(plan->calls) + 1);
    pam_handle_t *handle = start(plan, script);
    for (const char *call = strtok_r(calls, ",", &rest); call != NULL; call = strtok_r(NULL, ",", &rest)) {
        code = make_call(handle, call, plan->flags);
        print_result(script, call, code);
        all = all && code == PAM_SUCCESS;
    }
    if (plan->search_memory) {
        forget_hex();
        search_memory(script->secret_hex);
    }
    (void)pam_end(handle, code);
    return all ? 0 : 1;
}

int run_rounds(const struct plan *plan, struct script *script)
{
    char line[1024];
    bool all = true;

    script->quiet = true;
    for (long round = 0; round < plan->rounds; round++) {
        script->next = 0;
        script->count = 0;
        if (fgets(line, sizeof line, stdin) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            script->answers[script->count++] = line;
        }
        struct timespec from;
        struct timespec to;
        (void)clock_gettime(CLOCK_MONOTONIC, &from);
        pam_handle_t *handle = start(plan, script);
        const int code = pam_authenticate(handle, (int)plan->flags);
        (void)pam_end(handle, code);
        (void)clock_gettime(CLOCK_MONOTONIC, &to);
        const long long spent = (long long)(to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
        printf("%lld %s\n", spent, name_of(code));
        fflush(stdout);
        all = all && code == PAM_SUCCESS;
    }
    return all ? 0 : 1;
}
