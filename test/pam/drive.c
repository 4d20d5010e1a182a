/* The arguments: what is to be done, and with which answers. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void usage(void)
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
        print_log_by(script);
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
