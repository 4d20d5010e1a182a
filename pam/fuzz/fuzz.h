/*
 * What the fuzz targets share: a person and a line of faults made of the input's first bytes, the agent's bytes made of
 * the rest, and the promises that hold for every input.
 *
 * An input is 8 bytes of faults, 8 bytes of the person's behaviour, then what the agent sends.
 */
#ifndef NIGHTLATCH_FUZZ_H
#define NIGHTLATCH_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FUZZ_HEADER = 16 };

/* Takes the input apart. False when it is too short or too long to be worth a run. */
bool fuzz_load(const uint8_t *data, size_t size);

/* The relay's end of a connection whose other end has said all of the input and closed. */
int fuzz_connect(void);

/* The next byte of the person's script. */
uint8_t fuzz_person(void);

/*
 * Checks, after a run, what the relay sent: well-formed lines, BEGIN first and once, no more answers than questions.
 * With granted, also that the agent's bytes up to their end hold a granting line, as their last. Closes the other end.
 */
void fuzz_check(bool granted);

#endif
