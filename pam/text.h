/*
 * Text on its way through the dialogue: percent-encoded on the wire, UTF-8 inside, harmless on a screen.
 * Knows nothing of PAM or of sockets, so that a relay on another system can share it.
 */
#ifndef NIGHTLATCH_TEXT_H
#define NIGHTLATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True for well-formed UTF-8 without NUL: no overlong form, no surrogate, nothing past U+10FFFF. */
bool text_is_utf8(const char *bytes, size_t length);

/* True when the byte stands for itself on the wire; every other byte is %XX. */
bool text_is_plain(unsigned char byte);

/* Appends the encoded bytes at *used. False, and nothing to rely on in out, when they do not fit. */
bool text_encode(char *out, size_t capacity, size_t *used, const char *bytes, size_t length);

/*
 * Decodes one word into out and ends it with NUL. False for a byte that had to be encoded, a bad or lower-case
 * escape, NUL, invalid UTF-8, or a result that does not fit. An escape that was not needed is accepted.
 */
bool text_decode(char *out, size_t capacity, const char *word, size_t word_length, size_t *out_length);

/*
 * Replaces with '?', in place, each character that could move the cursor, switch the terminal's mode or turn the
 * reading direction: what the person reads is what was written, in its order, on one line.
 * Expects well-formed UTF-8 ended by NUL. The text never grows.
 */
void text_make_harmless(char *text);

/* Copies as much of the text as fits in capacity bytes with its NUL, cut before the start of a character. */
void text_copy(char *out, size_t capacity, const char *text);

#endif
