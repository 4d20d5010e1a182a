/* The person in front of it: what is seen, what is answered, and the log beside it. */
#include "drive.h"

#include <security/pam_ext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

/* ---- printing ---- */

static void print_json_string(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || *at == 0x7F)
            printf("\\u%04x", (unsigned)*at);
        else
            putchar(*at);
    }
    putchar('"');
}

static void print_seen(const struct script *script, const char *what, const char *text)
{
    if (script->quiet)
        return;
    if (script->json) {
        printf("{\"seen\":\"%s\",\"text\":", what);
        print_json_string(text);
        puts("}");
    } else {
        printf("%s: %s\n", what, text);
    }
    fflush(stdout);
}

void print_result(const struct script *script, const char *call, int code)
{
    if (script->json)
        printf("{\"call\":\"%s\",\"result\":\"%s\",\"code\":%d}\n", call, name_of(code), code);
    else if (strcmp(call, "auth") == 0)
        printf("result: %s (%d)\n", name_of(code), code);
    else
        printf("result %s: %s (%d)\n", call, name_of(code), code);
    fflush(stdout);
}

/* ---- the log ---- */

static const struct script *log_printer; /* NULL: to syslog */

void print_log_by(const struct script *script)
{
    log_printer = script;
}

/*
 * Stands before libpam's own for the modules as well, since the program's symbols are looked up first. A static
 * variable is the price: the modules pass nothing of ours.
 */
__attribute__((visibility("default"), format(printf, 3, 4))) void pam_syslog(const pam_handle_t *handle, int priority,
                                                                             const char *format, ...)
{
    static const char *const levels[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    char text[1024];
    char what[32];
    va_list values;

    va_start(values, format);
    if (log_printer == NULL) {
        pam_vsyslog(handle, priority, format, values);
    } else {
        (void)vsnprintf(text, sizeof text, format, values);
        (void)snprintf(what, sizeof what, "log %s", levels[LOG_PRI(priority)]);
        print_seen(log_printer, what, text);
    }
    va_end(values);
}

/* ---- the conversation ---- */

static void nap(long ms)
{
    const struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&length, NULL);
}

/* The next answer for a question, NULL when the conversation must fail. */
static char *answer(struct script *script, int style, const char *text)
{
    print_seen(script, style == PAM_PROMPT_ECHO_OFF ? "ask hidden" : "ask shown", text);
    if (script->delay_ms > 0)
        nap(script->delay_ms);
    return script->next < script->count ? strdup(script->answers[script->next++]) : NULL;
}

int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    struct script *script = data;

    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *given = calloc((size_t)count, sizeof *given);
    if (given == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        const int style = messages[i]->msg_style;
        bool on = true;
        if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) {
            print_seen(script, style == PAM_TEXT_INFO ? "info" : "error", messages[i]->msg);
            on = !script->fail_messages;
        } else if (!script->null_answers) {
            given[i].resp = answer(script, style, messages[i]->msg);
            on = given[i].resp != NULL;
        }
        if (!on) {
            for (int j = 0; j < i; j++)
                free(given[j].resp);
            free(given);
            return PAM_CONV_ERR;
        }
    }
    *responses = given;
    return PAM_SUCCESS;
}
