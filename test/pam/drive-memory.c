/* Secrets given as arguments in hex, and whether they are left in memory. */
#include "drive.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char room[131072]; /* of from_hex() */

const char *from_hex(const char *hex)
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

void forget_hex(void)
{
    memset(room, 0, sizeof room);
}

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

/* Stacks, heap, static data. */
void search_memory(const char *hex)
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
