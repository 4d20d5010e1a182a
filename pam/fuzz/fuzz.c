/*
 * What the fuzz targets share. System calls of the relay fail by the input's will: the linker puts __wrap_poll and
 * the like before the real ones. See fuzz.h.
 */
#include "fuzz.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../message.h"

static struct {
    uint64_t faults; /* one bit a call, from the lowest */
    bool faulty;
    uint8_t person[8];
    size_t person_at;
    const uint8_t *agent;
    size_t agent_size;
    int far; /* the agent's end */
} input = {.far = -1};

static void demand(bool held, const char *promise)
{
    if (held)
        return;
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

bool fuzz_load(const uint8_t *data, size_t size)
{
    if (size < FUZZ_HEADER || size > FUZZ_HEADER + 65536)
        return false;
    memcpy(&input.faults, data, sizeof input.faults);
    memcpy(input.person, data + 8, sizeof input.person);
    input.person_at = 0;
    input.agent = data + FUZZ_HEADER;
    input.agent_size = size - FUZZ_HEADER;
    return true;
}

uint8_t fuzz_person(void)
{
    return input.person[input.person_at++ % sizeof input.person];
}

int fuzz_connect(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    const ssize_t said = send(ends[1], input.agent, input.agent_size, MSG_NOSIGNAL);
    input.agent_size = said > 0 ? (size_t)said : 0; /* what did not fit was never said */
    (void)shutdown(ends[1], SHUT_WR);
    input.far = ends[1];
    input.faulty = true;
    return ends[0];
}

static bool starts(const char *line, size_t length, const char *with)
{
    return length >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* The last line that the agent completed; behind it nothing may follow for a grant to count. */
static bool agent_granted_last(void)
{
    const char *text = (const char *)input.agent;
    size_t size = input.agent_size;

    if (size == 0 || text[size - 1] != '\n')
        return false;
    size--;
    const char *before = size == 0 ? NULL : memrchr(text, '\n', size);
    const char *line = before == NULL ? text : before + 1;
    const size_t length = size - (size_t)(line - text);
    return starts(line, length, "END granted") && (length == strlen("END granted") || line[11] == ' ');
}

static void check_line(const char *line, size_t length, size_t number, size_t *answers)
{
    demand(length < LINE_BYTES, "no line is longer than 4096 bytes");
    for (size_t i = 0; i < length; i++)
        demand(line[i] >= 0x20 && line[i] <= 0x7E, "a line holds printable ASCII");
    demand((number == 0) == starts(line, length, "BEGIN 1 kind="), "BEGIN comes first, and once");
    if (starts(line, length, "ANSWER "))
        demand(++*answers <= 16, "there are at most 16 answers");
    else if (number > 0)
        demand(length == 6 && starts(line, length, "CANCEL"), "there are three words");
}

void fuzz_check(bool granted)
{
    static char heard[131072];
    size_t used = 0;
    size_t number = 0;
    size_t answers = 0;
    ssize_t got;

    input.faulty = false;
    if (input.far < 0)
        return;
    while (used < sizeof heard && (got = recv(input.far, heard + used, sizeof heard - used, MSG_DONTWAIT)) > 0)
        used += (size_t)got;
    (void)close(input.far);
    input.far = -1;
    for (size_t at = 0; at < used; number++) {
        const char *end = memchr(heard + at, '\n', used - at);
        if (end == NULL) /* cut off by a fault */
            break;
        check_line(heard + at, (size_t)(end - heard) - at, number, &answers);
        at = (size_t)(end - heard) + 1;
    }
    demand(!granted || agent_granted_last(), "only END granted, at the end, grants");
}

/* ---- system calls that fail ---- */

ssize_t __real_recv(int fd, void *into, size_t size, int flags);
ssize_t __real_send(int fd, const void *from, size_t size, int flags);
int __real_poll(struct pollfd *watched, nfds_t count, int limit_ms);
ssize_t __wrap_recv(int fd, void *into, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t size, int flags);
int __wrap_poll(struct pollfd *watched, nfds_t count, int limit_ms);

/* 0: no fault. The kind of fault comes from the person's script, so that both kinds of bytes matter. */
static int fault(void)
{
    static const int kinds[] = {EINTR, EAGAIN, EIO, ECONNRESET};

    if (!input.faulty)
        return 0;
    const bool now = (input.faults & 1u) != 0;
    input.faults >>= 1;
    return now ? kinds[fuzz_person() % 4] : 0;
}

ssize_t __wrap_recv(int fd, void *into, size_t size, int flags)
{
    const int failed = fault();

    /* A look ahead that claims there is nothing when there is something is no fault that a kernel has. */
    if (failed == 0 || (failed == EAGAIN && (flags & MSG_PEEK) != 0))
        return __real_recv(fd, into, size, flags);
    if (failed == EIO && size > 1)
        return __real_recv(fd, into, 1, flags); /* a short read */
    errno = failed;
    return -1;
}

ssize_t __wrap_send(int fd, const void *from, size_t size, int flags)
{
    const int failed = fault();

    if (failed == 0)
        return __real_send(fd, from, size, flags);
    if (failed == EIO && size > 1)
        return __real_send(fd, from, size / 2, flags); /* a short write */
    errno = failed;
    return -1;
}

int __wrap_poll(struct pollfd *watched, nfds_t count, int limit_ms)
{
    const int failed = fault();

    if (failed == 0 || failed == EIO)
        return __real_poll(watched, count, limit_ms);
    errno = failed;
    return -1;
}
