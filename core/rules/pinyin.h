/*
 * Pinyin initials of a name, for search: "青禾里大型生鲜超市" -> "qhldxsxcs".
 *
 * GB 2312 orders its 3,755 level 1 characters by pronunciation, so a character's code lies between
 * two of 23 boundaries. Level 2 is ordered by radical: a short list has those that shop names use.
 * A character with several readings gets the one GB 2312 sorts it by. What is unknown is left out.
 */
#ifndef PW_RULES_PINYIN_H
#define PW_RULES_PINYIN_H

#include <stddef.h>

/* Writes the initials of well-formed UTF-8, lower case; ASCII letters and digits stay as they are
   (letters lower case), everything else is dropped. At most size - 1 characters. Returns out. */
char *pinyin_initials(const char *text, char *out, size_t size);

#endif
