/*
 * Fuzz target: the whole module through libpam's handle, with everything but the way to the socket, which is the one
 * thing replaced: connect_to_agent() gives back a connection to the input. See fuzz.h.
 */
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../connect.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int connect_to_agent(const char *path, const char *agent_user, int limit_ms, const char **why)
{
    (void)path;
    (void)agent_user;
    (void)limit_ms;
    *why = NULL;
    return fuzz_connect();
}

/* Before libpam's own: nothing is logged, but the text is made. */
void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
    char text[512];
    va_list values;

    (void)handle;
    (void)priority;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    (void)data;
    const uint8_t way = fuzz_person();
    const int style = messages[0]->msg_style;

    if (count != 1 || strlen(messages[0]->msg) >= PAM_MAX_MSG_SIZE)
        abort();
    if (way % 16 == 15)
        return way % 32 == 31 ? PAM_CONV_AGAIN : PAM_CONV_ERR;
    if (way % 16 == 14)
        return PAM_SUCCESS; /* no response at all */
    *responses = calloc(1, sizeof **responses);
    if (*responses == NULL)
        return PAM_BUF_ERR;
    if ((style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) && way % 16 != 13) {
        const size_t length = (size_t)way * 3;
        (*responses)->resp = malloc(length + 1);
        if ((*responses)->resp == NULL)
            abort();
        memset((*responses)->resp, way % 16 == 12 ? 0xFF : fuzz_person() | 1, length);
        (*responses)->resp[length] = '\0';
    }
    return PAM_SUCCESS;
}

static const struct pam_conv conversation = {.conv = converse};
static pam_handle_t *handle;

/* A handle needs a service file, though nothing in it is called. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char folder[] = "/tmp/nightlatch-fuzz-XXXXXX";
    char path[64];

    (void)argc;
    (void)argv;
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(path, sizeof path, "%s/login", folder);
    FILE *service = fopen(path, "w");
    if (service == NULL || fputs("auth required pam_deny.so\n", service) < 0 || fclose(service) != 0)
        abort();
    if (pam_start_confdir("login", "alice", &conversation, folder, &handle) != PAM_SUCCESS)
        abort();
    (void)unlink(path);
    (void)rmdir(folder);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *arguments[] = {"debug", "silence=1", "total=5"};

    if (!fuzz_load(data, size))
        return -1;
    const int flags = fuzz_person() % 8 == 7 ? (int)PAM_SILENT : 0;
    const int code = pam_sm_authenticate(handle, flags, 3, arguments);
    if (code != PAM_SUCCESS && code != PAM_AUTH_ERR && code != PAM_MAXTRIES && code != PAM_AUTHINFO_UNAVAIL &&
        code != PAM_CONV_ERR)
        abort();
    fuzz_check(code == PAM_SUCCESS);
    return 0;
}
