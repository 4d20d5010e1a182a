/* Overwrites memory that held an answer; the compiler may not leave it out. */
#ifndef NIGHTLATCH_WIPE_H
#define NIGHTLATCH_WIPE_H

#ifdef _WIN32
#include <windows.h>
#define wipe(memory, size) SecureZeroMemory((memory), (size))
#else
#include <string.h>
#define wipe(memory, size) explicit_bzero((memory), (size))
#endif

#endif
