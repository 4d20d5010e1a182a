/* Text on its way through the dialogue: percent-encoding, UTF-8, and what a screen may be shown. See text.h. */
#include "text.h"

#include <stdint.h>
#include <string.h>

/*
 * Length in bytes of the character that starts at bytes, 0 when none does, per table 3-7 of the Unicode Standard.
 * The code point goes to *point.
 */
static size_t character(const unsigned char *bytes, size_t left, uint32_t *point)
{
    const unsigned char first = bytes[0];
    size_t size;
    uint32_t lowest;

    if (first < 0x80) {
        *point = first;
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2;
        lowest = 0x80;
        *point = first & 0x1Fu;
    } else if (first >= 0xE0 && first <= 0xEF) {
        size = 3;
        lowest = 0x800;
        *point = first & 0x0Fu;
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4;
        lowest = 0x10000;
        *point = first & 0x07u;
    } else {
        return 0;
    }
    if (left < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0u) != 0x80u)
            return 0;
        *point = (*point << 6) | (bytes[i] & 0x3Fu);
    }
    if (*point < lowest || *point > 0x10FFFF || (*point >= 0xD800 && *point <= 0xDFFF))
        return 0;
    return size;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    size_t done = 0;

    while (done < length) {
        uint32_t point = 0;
        const size_t size = character(at + done, length - done, &point);
        if (size == 0 || point == 0)
            return false;
        done += size;
    }
    return true;
}

bool text_is_plain(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != 0 && strchr("-._~@:,/", byte) != NULL);
}

bool text_encode(char *out, size_t capacity, size_t *used, const char *bytes, size_t length)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        const size_t needs = text_is_plain(byte) ? 1 : 3;
        if (capacity - *used < needs)
            return false;
        if (needs == 1) {
            out[(*used)++] = (char)byte;
        } else {
            out[(*used)++] = '%';
            out[(*used)++] = digits[byte >> 4];
            out[(*used)++] = digits[byte & 0x0F];
        }
    }
    return true;
}

/* The value of an upper-case hex digit, -1 for anything else. */
static int digit(char sign)
{
    if (sign >= '0' && sign <= '9')
        return sign - '0';
    if (sign >= 'A' && sign <= 'F')
        return sign - 'A' + 10;
    return -1;
}

bool text_decode(char *out, size_t capacity, const char *word, size_t word_length, size_t *out_length)
{
    size_t used = 0;

    for (size_t i = 0; i < word_length; i++) {
        int byte = (unsigned char)word[i];
        if (byte == '%') {
            if (word_length - i < 3 || digit(word[i + 1]) < 0 || digit(word[i + 2]) < 0)
                return false;
            byte = digit(word[i + 1]) * 16 + digit(word[i + 2]);
            i += 2;
        } else if (!text_is_plain((unsigned char)byte)) {
            return false;
        }
        if (used + 1 >= capacity)
            return false;
        out[used++] = (char)byte;
    }
    if (used >= capacity)
        return false;
    out[used] = '\0';
    *out_length = used;
    return text_is_utf8(out, used);
}

static bool harmful(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || /* C0, DEL, C1: cursor and terminal modes */
           point == 0x061C || point == 0x200E || point == 0x200F || /* direction marks */
           (point >= 0x2028 && point <= 0x202E) || /* line and paragraph breaks, embeddings, overrides */
           (point >= 0x2066 && point <= 0x206F) || /* isolates and the deprecated format characters */
           point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) || /* invisible, annotations */
           (point >= 0xE0000 && point <= 0xE007F); /* invisible tags */
}

void text_make_harmless(char *text)
{
    unsigned char *from = (unsigned char *)text;
    char *to = text;
    size_t left = strlen(text);

    while (left > 0) {
        uint32_t point = 0;
        size_t size = character(from, left, &point);
        if (size == 0 || harmful(point)) {
            size = size == 0 ? 1 : size;
            *to++ = '?';
        } else {
            memmove(to, from, size);
            to += size;
        }
        from += size;
        left -= size;
    }
    *to = '\0';
}

void text_copy(char *out, size_t capacity, const char *text)
{
    size_t length = strlen(text);

    if (length >= capacity) {
        length = capacity - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0u) == 0x80u)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}
