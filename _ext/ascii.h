/* Character classes of RFC 9110 §5.5 and §5.6.2, one byte of flags per octet. */
#ifndef AIOHTTP_CLIENT_ASCII_H
#define AIOHTTP_CLIENT_ASCII_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IS_TOKEN 1 /* tchar */
#define IS_TEXT 2  /* HTAB, SP, VCHAR, obs-text: what a field value or a reason may hold */
#define IS_HEX 4
#define IS_DIGIT 8

static uint8_t octet_class[256];
static uint8_t octet_lower[256];

static void init_octets(void)
{
    const char *others = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; c++) {
        int digit = c >= '0' && c <= '9';
        int upper = c >= 'A' && c <= 'Z';
        int lower = c >= 'a' && c <= 'z';
        int hex = digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
        int token = digit || upper || lower || (c && strchr(others, c) != NULL);
        int text = c == '\t' || (c >= 0x20 && c != 0x7f);
        octet_class[c] = (uint8_t)((token ? IS_TOKEN : 0) | (text ? IS_TEXT : 0) | (hex ? IS_HEX : 0) |
                                   (digit ? IS_DIGIT : 0));
        octet_lower[c] = (uint8_t)(upper ? c + 32 : c);
    }
}

/* Index of the first octet from `at` that is not of `wanted` class; `end` if all are. */
static inline size_t skip_class(const unsigned char *s, size_t at, size_t end, uint8_t wanted)
{
    while (at < end && (octet_class[s[at]] & wanted))
        at++;
    return at;
}

/* The same for IS_TEXT, eight octets at a time: a word is all text if no octet is below 0x20 or
   0x7f. HTAB makes a word look suspicious; then the table decides. */
static inline size_t skip_text(const unsigned char *s, size_t at, size_t end)
{
    const uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
    for (;;) {
        while (end - at >= 8) {
            uint64_t word;
            memcpy(&word, s + at, 8);
            /* Octets below 0x20; exact for the lowest one that is, which is all that is asked. */
            uint64_t low = (word - ones * 0x20) & ~word & highs;
            uint64_t del = word ^ (ones * 0x7f);
            del = (del - ones) & ~del & highs;
            if (low | del)
                break;
            at += 8;
        }
        size_t stop = end - at >= 8 ? at + 8 : end;
        while (at < stop && (octet_class[s[at]] & IS_TEXT))
            at++;
        if (at < stop || at == end)
            return at;
    }
}

/* Whether s[0..size) equals the lower-case `word`, letters compared without case. */
static inline int equals_lower(const unsigned char *s, size_t size, const char *word, size_t word_size)
{
    if (size != word_size)
        return 0;
    for (size_t i = 0; i < size; i++)
        if (octet_lower[s[i]] != (unsigned char)word[i])
            return 0;
    return 1;
}

#endif
