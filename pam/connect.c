/*
 * The way to the agent's socket. The path is walked from the root, and each folder on it must belong to root or the
 * agent and be writable by nobody else: by induction nobody else can exchange what was looked at, so that looking
 * first and connecting by name afterwards leaves no gap. See connect.h.
 */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

struct trusted {
    uid_t agent; /* root's when the account does not exist */
};

static bool trusts(const struct trusted *trusted, uid_t owner)
{
    return owner == 0 || owner == trusted->agent;
}

static struct trusted trusted_accounts(const char *agent_user)
{
    struct trusted trusted = {.agent = 0};
    struct passwd entry;
    struct passwd *found = NULL;
    char strings[4096];

    if (getpwnam_r(agent_user, &entry, strings, sizeof strings, &found) == 0 && found != NULL)
        trusted.agent = found->pw_uid;
    return trusted;
}

/*
 * A folder in which others may write is accepted on the way only when it is sticky: there nobody can rename or
 * remove a folder that belongs to somebody else. The socket's own folder may not be one, because in it another
 * user could still make a hard link to a different socket of root's.
 */
static const char *folder_fault(const char *path, bool holds_socket, const struct trusted *trusted)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return "a folder of the socket's path cannot be looked at (is the agent installed?)";
    if (S_ISLNK(found.st_mode))
        return "the socket's path leads through a symbolic link";
    if (!S_ISDIR(found.st_mode))
        return "the socket's path leads through something that is not a folder";
    if (!trusts(trusted, found.st_uid))
        return "a folder of the socket's path belongs to another user";
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (holds_socket || (found.st_mode & S_ISVTX) == 0))
        return "a folder of the socket's path is writable by others";
    return NULL;
}

static const char *socket_fault(const char *path, const struct trusted *trusted)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return "the agent's socket is not there (is the agent running?)";
    if (!S_ISSOCK(found.st_mode))
        return "the agent's socket is not a socket";
    if (!trusts(trusted, found.st_uid))
        return "the agent's socket belongs to another user";
    return NULL;
}

/* "." and ".." would make the walk by name say less than it seems to. */
static bool is_dotted(const char *name, size_t length)
{
    return (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
}

static const char *path_fault(const char *path, const struct trusted *trusted)
{
    char prefix[sizeof((struct sockaddr_un *)0)->sun_path];
    const size_t length = strlen(path);

    if (path[0] != '/' || length >= sizeof prefix || path[length - 1] == '/')
        return "the socket's path is not an absolute file name of a bearable length";
    const char *last = strrchr(path, '/');
    const char *fault = folder_fault("/", last == path, trusted);
    for (const char *name = path; fault == NULL && name != NULL;) {
        const char *end = strchr(name + 1, '/');
        const size_t name_length = end == NULL ? strlen(name + 1) : (size_t)(end - name - 1);
        if (name_length == 0 || is_dotted(name + 1, name_length))
            return "the socket's path holds an empty name, . or ..";
        if (end != NULL) {
            memcpy(prefix, path, (size_t)(end - path));
            prefix[end - path] = '\0';
            fault = folder_fault(prefix, end == last, trusted);
        }
        name = end;
    }
    return fault != NULL ? fault : socket_fault(path, trusted);
}

/*
 * A full backlog makes connect() on a Unix socket wait, in a way that poll() cannot watch; SO_SNDTIMEO bounds that
 * wait. Everything after it is non-blocking.
 */
static bool connect_within(int fd, const struct sockaddr_un *address, int64_t until_ms)
{
    for (;;) {
        const int64_t left = until_ms - clock_ms();
        if (left <= 0)
            return false;
        const struct timeval limit = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
            return false;
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EISCONN)
            return true;
        if (errno != EINTR)
            return false;
    }
}

/* The kernel's word on who listens: the process that called listen(), root's when systemd made the socket. */
static bool peer_is_trusted(int fd, const struct trusted *trusted)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer &&
           trusts(trusted, peer.uid);
}

static bool make_non_blocking(int fd)
{
    const int flags = fcntl(fd, F_GETFL);

    return flags != -1 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int connect_to_agent(const char *path, const char *agent_user, int limit_ms, const char **why)
{
    const struct trusted trusted = trusted_accounts(agent_user);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *why = path_fault(path, &trusted);
    if (*why != NULL)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1); /* path_fault() made sure that it fits */

    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        *why = "no socket could be made";
    else if (!connect_within(fd, &address, clock_ms() + limit_ms))
        *why = "the agent does not take the connection";
    else if (!peer_is_trusted(fd, &trusted))
        *why = "the process that listens belongs to another user";
    else if (!make_non_blocking(fd))
        *why = "the socket could not be made non-blocking";
    if (*why == NULL)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}
