/* Lines over a connected stream socket. Every wait ends; see lines.h. */
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

static int64_t deadline(const struct lines *lines)
{
    const int64_t silent = clock_ms() + lines->silence_ms;

    return silent < lines->give_up_ms ? silent : lines->give_up_ms;
}

enum ready { READY, TOO_LATE, BROKEN };

/* Waits until the socket can be read or written. A hung-up peer counts as ready: the next call on it tells. */
static enum ready wait_for(int fd, short events, int64_t until_ms)
{
    for (;;) {
        const int64_t left = until_ms - clock_ms();
        if (left <= 0)
            return TOO_LATE;
        struct pollfd watched = {.fd = fd, .events = events};
        const int found = poll(&watched, 1, left > 60000 ? 60000 : (int)left);
        if (found > 0)
            return (watched.revents & POLLNVAL) != 0 ? BROKEN : READY;
        if (found < 0 && errno != EINTR && errno != EAGAIN)
            return BROKEN;
    }
}

static bool again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

static bool send_all(void *with, const char *bytes, size_t length)
{
    const struct lines *lines = with;
    const int64_t until_ms = deadline(lines);

    while (length > 0) {
        if (wait_for(lines->fd, POLLOUT, until_ms) != READY)
            return false;
        const ssize_t sent = send(lines->fd, bytes, length, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (sent == 0 || !again()) {
            return false;
        }
    }
    return true;
}

/* Takes the first whole line out of the held bytes. */
static bool take_line(struct lines *lines, char *line, size_t *length)
{
    const char *end = memchr(lines->held, '\n', lines->used);

    if (end == NULL)
        return false;
    *length = (size_t)(end - lines->held);
    memcpy(line, lines->held, *length);
    lines->used -= *length + 1;
    memmove(lines->held, end + 1, lines->used);
    return true;
}

static enum received receive_line(void *with, char *line, size_t *length)
{
    struct lines *lines = with;
    const int64_t until_ms = deadline(lines);

    while (!take_line(lines, line, length)) {
        if (lines->used == sizeof lines->held)
            return RECEIVED_TOO_LONG;
        const enum ready ready = wait_for(lines->fd, POLLIN, until_ms);
        if (ready != READY)
            return ready == TOO_LATE ? RECEIVED_SILENCE : RECEIVED_ERROR;
        const ssize_t got = recv(lines->fd, lines->held + lines->used, sizeof lines->held - lines->used, 0);
        if (got > 0)
            lines->used += (size_t)got;
        else if (got == 0)
            return RECEIVED_END_OF_STREAM;
        else if (!again())
            return RECEIVED_ERROR;
    }
    return RECEIVED_LINE;
}

/* In doubt it is not quiet. */
static bool quiet(void *with)
{
    const struct lines *lines = with;
    char next;
    ssize_t got;

    do
        got = recv(lines->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return lines->used == 0 && (got == 0 || (got < 0 && again()));
}

void lines_over(struct lines *lines, int fd, int silence_ms, int64_t give_up_ms)
{
    lines->fd = fd;
    lines->silence_ms = silence_ms;
    lines->give_up_ms = give_up_ms;
    lines->used = 0;
}

struct dialogue_wire lines_wire(struct lines *lines)
{
    return (struct dialogue_wire){.with = lines, .send = send_all, .receive = receive_line, .quiet = quiet};
}
