/* The module's arguments in a PAM stack. See options.h. */
#include "options.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "kind.h"

enum { MOST_SILENCE_SECONDS = 60, MOST_TOTAL_SECONDS = 600, MOST_NAME = 64 };

/* The value behind "name=", NULL for another argument. */
static const char *value_of(const char *argument, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

/* Digits only, from 1 to most; 0 for anything else. */
static int seconds(const char *value, int most)
{
    int result = 0;

    if (*value == '\0')
        return 0;
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '9')
            return 0;
        result = result * 10 + (*value - '0');
        if (result > most)
            return 0;
    }
    return result;
}

static bool bearable_path(const char *value)
{
    return value[0] == '/' && strlen(value) < sizeof((struct sockaddr_un *)0)->sun_path;
}

static bool bearable_name(const char *value)
{
    return value[0] != '\0' && strlen(value) <= MOST_NAME;
}

/* NULL, or what is wrong with the argument. Strings are given once when the pointer is still NULL, numbers when 0. */
static const char *read_one(struct options *options, const char *argument)
{
    static const char twice[] = "is given twice";
    const char *value;

    if ((value = value_of(argument, "socket")) != NULL) {
        if (options->socket != NULL)
            return twice;
        options->socket = value;
        return bearable_path(value) ? NULL : "must be an absolute path of at most 107 bytes";
    }
    if ((value = value_of(argument, "agent_user")) != NULL) {
        if (options->agent_user != NULL)
            return twice;
        options->agent_user = value;
        return bearable_name(value) ? NULL : "must name an account";
    }
    if ((value = value_of(argument, "kind")) != NULL) {
        if (options->kind != NULL)
            return twice;
        options->kind = value;
        return kind_is_known(value) ? NULL : "must be logon, unlock, elevate or remote";
    }
    if ((value = value_of(argument, "silence")) != NULL) {
        if (options->silence_ms != 0)
            return twice;
        options->silence_ms = seconds(value, MOST_SILENCE_SECONDS) * 1000;
        return options->silence_ms != 0 ? NULL : "must be 1 to 60 seconds";
    }
    if ((value = value_of(argument, "total")) != NULL) {
        if (options->total_ms != 0)
            return twice;
        options->total_ms = seconds(value, MOST_TOTAL_SECONDS) * 1000;
        return options->total_ms != 0 ? NULL : "must be 1 to 600 seconds";
    }
    if (strcmp(argument, "debug") == 0) {
        options->debug = true;
        return NULL;
    }
    return "is not an option of this module";
}

const char *options_read(struct options *options, int count, const char **arguments, const char **problem)
{
    memset(options, 0, sizeof *options);
    for (int i = 0; i < count; i++) {
        *problem = read_one(options, arguments[i]);
        if (*problem != NULL)
            return arguments[i];
    }
    if (options->socket == NULL)
        options->socket = OPTIONS_SOCKET;
    if (options->agent_user == NULL)
        options->agent_user = OPTIONS_AGENT_USER;
    if (options->silence_ms == 0)
        options->silence_ms = 10 * 1000;
    if (options->total_ms == 0)
        options->total_ms = 180 * 1000;
    return NULL;
}
