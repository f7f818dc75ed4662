// SPDX-License-Identifier: Apache-2.0

// Writes so many bytes to standard output: rows, log lines and pages with numbers in them that never repeat, which zstd at
// its default level makes about three times smaller. Faster than any codec reads, and the same on every machine.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 4096, WORD = 12, BUFFER = 1 << 20 };

static uint64_t state;
static char words[WORDS][WORD];
static uint8_t lengths[WORDS];

// Xorshift with a multiplication: short, fast and good enough for data that is to look random.
static uint64_t next(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1Dull;
}

static void make_words(void) {
  static const char letters[] = "etaoinsrhldcumfpgwybvk";
  for (int i = 0; i < WORDS; i++) {
    lengths[i] = (uint8_t)(3 + next() % 8);
    for (int j = 0; j < lengths[i]; j++) words[i][j] = letters[next() % (sizeof letters - 1)];
    words[i][lengths[i]] = ' ';
  }
}

// One row: a number that counts, words of which some are far more frequent than others, and random digits.
static char *row(char *at, uint64_t number) {
  static const char digits[] = "0123456789abcdef";
  uint64_t bits = next();
  memcpy(at, "INSERT INTO t VALUES (", 22);
  at += 22;
  for (int shift = 28; shift >= 0; shift -= 4) *at++ = digits[number >> shift & 15];
  *at++ = ',';
  for (int i = 0; i < 16; i++) *at++ = digits[bits >> (4 * i) & 15];
  *at++ = ',';
  bits = next();
  for (int i = 0; i < 4; i++) {
    // The larger of two numbers is large more often than small: some words are frequent, as in all texts.
    unsigned first = (unsigned)(bits & (WORDS - 1)), second = (unsigned)(bits >> 12 & (WORDS - 1));
    unsigned word = first > second ? first : second;
    bits >>= 15;
    memcpy(at, words[word], WORD);
    at += lengths[word] + 1;
  }
  memcpy(at, ");\n", 3);
  return at + 3;
}

int main(int count, char **arguments) {
  uint64_t size = count > 1 ? strtoull(arguments[1], NULL, 10) : 0;
  state = 0x9E3779B97F4A7C15ull ^ (count > 2 ? strtoull(arguments[2], NULL, 10) : 0);
  if (size == 0) {
    fputs("usage: sample-data BYTES [SEED]\n", stderr);
    return 2;
  }
  make_words();
  char *buffer = malloc(BUFFER + 256);
  if (!buffer) return 1;
  uint64_t number = 0;
  while (size > 0) {
    char *at = buffer;
    while (at < buffer + BUFFER) at = row(at, number++);
    size_t ready = (size_t)(at - buffer);
    if (ready > size) ready = (size_t)size;
    for (size_t done = 0; done < ready;) {
      ssize_t written = write(1, buffer + done, ready - done);
      if (written < 0) return 1;
      done += (size_t)written;
    }
    size -= ready;
  }
  free(buffer);
  return 0;
}
