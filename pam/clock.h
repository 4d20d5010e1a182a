/* Time limits are counted on the monotonic clock: setting the wall clock neither shortens nor stretches them. */
#ifndef NIGHTLATCH_CLOCK_H
#define NIGHTLATCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
