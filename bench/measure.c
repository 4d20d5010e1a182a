/*
 * Signs in again and again in one process: reads "SERVICE USER ANSWER" a line, does start, authenticate, end, and
 * prints the nanoseconds that took and PAM's code. One process stands for one busy program; many of them for many.
 */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    struct pam_response *given = calloc((size_t)count, sizeof *given);

    if (given == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
            given[i].resp = strdup(data);
    *responses = given;
    return PAM_SUCCESS;
}

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int count, char **arguments)
{
    char line[512];
    char service[64], user[128], answer[64];

    if (count != 2) {
        fputs("usage: measure CONFDIR, and lines of SERVICE USER ANSWER\n", stderr);
        return 2;
    }
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%63s %127s %63s", service, user, answer) != 3) {
            fputs("measure: not SERVICE USER ANSWER\n", stderr);
            return 2;
        }
        const struct pam_conv conv = {.conv = converse, .appdata_ptr = answer};
        pam_handle_t *handle = NULL;
        const long long begun = now_ns();
        int code = pam_start_confdir(service, user, &conv, arguments[1], &handle);
        if (code == PAM_SUCCESS)
            code = pam_authenticate(handle, 0);
        pam_end(handle, code);
        printf("%lld %d\n", now_ns() - begun, code);
        fflush(stdout);
    }
    return 0;
}
