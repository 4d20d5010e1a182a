/*
 * Stands in for an application with PAM: starts a handle, makes the calls named, answers what is asked and prints
 * all that a person would see. For tests and benchmarks of this module and of others. See usage() for the arguments.
 */
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

struct script {
    const char *answers[MOST];
    size_t count;
    size_t next;
    bool quiet; /* prints nothing, for measuring */
    bool json;
    bool null_answers; /* the conversation succeeds without a response */
    bool fail_messages; /* PAM_CONV_ERR for what is only shown */
    long delay_ms; /* before each answer */
    const char *secret_hex; /* the last answer given in hex */
};

static void usage(void)
{
    fputs("usage: drive [option]... USER\n"
          "  --confdir DIR     service files, instead of /etc/pam.d\n"
          "  --service NAME    default: nightlatch\n"
          "  --rhost HOST, --tty TTY, --pamenv NAME=VALUE\n"
          "  --calls LIST      of auth, setcred, acct, open, close, chauthtok; default: auth\n"
          "  --answer TEXT     to the next question; may be repeated. Without one left the conversation fails\n"
          "  --answer-hex HEX  the same, as bytes\n"
          "  --user-hex HEX    the user, as bytes, instead of USER; the empty string for no user at all\n"
          "  --delay MS        before each answer\n"
          "  --silent          passes PAM_SILENT\n"
          "  --null-answers    the conversation succeeds but answers NULL\n"
          "  --fail-messages   the conversation fails when something is shown\n"
          "  --no-conversation the conversation function is NULL\n"
          "  --log             prints what the modules log, instead of syslog: log warning: text\n"
          "  --json            one JSON object a line\n"
          "  --search-memory   at the end, says how often the second half of the last --answer-hex is in memory\n"
          "  --rounds N        start, authenticate, end, N times; answers from standard input, one line a round;\n"
          "                    prints nanoseconds and result of each round\n"
          "exit status: 0 when every call returned PAM_SUCCESS, 1 when not, 2 when the call was wrong\n",
          stderr);
    exit(2);
}

static const char *name_of(int code)
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

static void print_result(const struct script *script, const char *call, int code)
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

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
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

/* ---- the calls ---- */

struct plan {
    const char *confdir;
    const char *service;
    const char *rhost;
    const char *tty;
    const char *calls;
    const char *user; /* NULL: none */
    const char *pamenv[MOST];
    size_t pamenv_count;
    unsigned flags;
    bool no_conversation;
    bool search_memory;
    long rounds;
};

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

/* ---- what is left in memory ---- */

static char room[131072]; /* arguments given in hex, as bytes */

static unsigned from_digits(const char *pair)
{
    unsigned value = 0;

    (void)sscanf(pair, "%2x", &value);
    return value;
}

/* Counts the secret without ever putting its bytes together: it is compared digit by digit. */
static size_t count_in(const unsigned char *from, const unsigned char *to, const char *hex)
{
    const size_t size = strlen(hex) / 2;
    const unsigned first = from_digits(hex);
    size_t found = 0;

    for (; (size_t)(to - from) >= size; from++) {
        size_t same = *from == first ? 1 : 0;
        while (same > 0 && same < size && from[same] == from_digits(hex + 2 * same))
            same++;
        if (same == size)
            found++;
    }
    return found;
}

/* All that this process can write to: stacks, heap, static data. */
static void search_memory(const char *hex)
{
    char line[512];
    size_t found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");

    if (hex == NULL || maps == NULL)
        usage();
    hex += strlen(hex) / 4 * 2; /* free() may have written over the first half */
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from = 0;
        uintptr_t to = 0;
        char mode[5] = "";
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, mode) == 3 && strncmp(mode, "rw", 2) == 0)
            found += count_in((const unsigned char *)from, (const unsigned char *)to, hex);
    }
    (void)fclose(maps);
    printf("memory: %zu\n", found);
}

static int run_calls(const struct plan *plan, struct script *script)
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
        memset(room, 0, sizeof room);
        search_memory(script->secret_hex);
    }
    (void)pam_end(handle, code);
    return all ? 0 : 1;
}

static int run_rounds(const struct plan *plan, struct script *script)
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

/* ---- the arguments ---- */

/* Bytes written in hex, for what an argument cannot hold otherwise. They stay in the room until the process ends. */
static const char *from_hex(const char *hex)
{
    static size_t used;
    const size_t size = strlen(hex) / 2;
    char *bytes = room + used;

    if (strlen(hex) % 2 != 0 || size >= sizeof room - used)
        usage();
    for (size_t i = 0; i < size; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (char)strtol(pair, NULL, 16);
    }
    bytes[size] = '\0';
    used += size + 1;
    return bytes;
}

static void add_answer(struct script *script, const char *text)
{
    if (script->count == MOST)
        usage();
    script->answers[script->count++] = text;
}

static bool read_flag(const char *option, struct plan *plan, struct script *script)
{
    if (strcmp(option, "--silent") == 0)
        plan->flags |= PAM_SILENT;
    else if (strcmp(option, "--log") == 0)
        log_printer = script;
    else if (strcmp(option, "--json") == 0)
        script->json = true;
    else if (strcmp(option, "--null-answers") == 0)
        script->null_answers = true;
    else if (strcmp(option, "--fail-messages") == 0)
        script->fail_messages = true;
    else if (strcmp(option, "--search-memory") == 0)
        plan->search_memory = true;
    else if (strcmp(option, "--no-conversation") == 0)
        plan->no_conversation = true;
    else
        return false;
    return true;
}

static void read_value(const char *option, const char *value, struct plan *plan, struct script *script, bool *no_user)
{
    if (value == NULL)
        usage();
    else if (strcmp(option, "--confdir") == 0)
        plan->confdir = value;
    else if (strcmp(option, "--service") == 0)
        plan->service = value;
    else if (strcmp(option, "--rhost") == 0)
        plan->rhost = value;
    else if (strcmp(option, "--tty") == 0)
        plan->tty = value;
    else if (strcmp(option, "--calls") == 0)
        plan->calls = value;
    else if (strcmp(option, "--answer") == 0)
        add_answer(script, value);
    else if (strcmp(option, "--answer-hex") == 0) {
        script->secret_hex = value;
        add_answer(script, from_hex(value));
    } else if (strcmp(option, "--delay") == 0)
        script->delay_ms = strtol(value, NULL, 10);
    else if (strcmp(option, "--rounds") == 0)
        plan->rounds = strtol(value, NULL, 10);
    else if (strcmp(option, "--user-hex") == 0) {
        *no_user = *value == '\0';
        plan->user = from_hex(value);
    } else if (strcmp(option, "--pamenv") == 0 && plan->pamenv_count < MOST)
        plan->pamenv[plan->pamenv_count++] = value;
    else
        usage();
}

int main(int argc, char **argv)
{
    struct plan plan = {.confdir = "/etc/pam.d", .service = "nightlatch", .calls = "auth"};
    struct script script = {0};
    bool no_user = false;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            if (plan.user != NULL)
                usage();
            plan.user = argv[i];
        } else if (!read_flag(argv[i], &plan, &script)) {
            read_value(argv[i], argv[i + 1], &plan, &script, &no_user);
            i++;
        }
    }
    if (plan.user == NULL)
        usage();
    if (no_user)
        plan.user = NULL;
    return plan.rounds > 0 ? run_rounds(&plan, &script) : run_calls(&plan, &script);
}
