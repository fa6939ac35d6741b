/* The trace of bench/allocator-trace.ts, through malloc and free of whatever library this is linked with.
   Arguments: live blocks, operations, and "time" or "memory": to know what memory is resident every page of every block is touched, which would
   disturb the caches when time is measured. Prints a JSON object. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef USE_MIMALLOC
#include <mimalloc.h>
#define ALLOC mi_malloc
#define FREE mi_free
#else
#define ALLOC malloc
#define FREE free
#endif

enum { BATCH = 65536 };

static uint32_t state = 12345;

static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/* 80 % up to 256 bytes, 15 % up to 4 KiB, 5 % up to 64 KiB. */
static uint32_t next_size(void) {
  uint32_t roll = next() % 100;
  if (roll < 80) return 16 + next() % 241;
  if (roll < 95) return 256 + next() % 3841;
  return 4096 + next() % 61441;
}

static double now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e9 + at.tv_nsec;
}

static uint64_t resident(void) {
  long pages = 0, all = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &all, &pages) != 2) exit(1);
  fclose(file);
  return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Writes one byte to every page of a block, as whoever uses it does. */
static void touch(char *block, uint32_t size) {
  for (uint32_t at = 0; at < size; at += 4096) block[at] = 1;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int touches = strcmp(argv[3], "memory") == 0;
  uint32_t live = (uint32_t)atol(argv[1]);
  uint64_t operations = (uint64_t)atol(argv[2]);
  char **blocks = calloc(live, sizeof *blocks);
  uint32_t *sizes = calloc(live, sizeof *sizes);
  uint32_t *picks = calloc(BATCH, sizeof *picks), *wanted = calloc(BATCH, sizeof *wanted);
  memset(blocks, 1, live * sizeof *blocks);
  memset(sizes, 1, live * sizeof *sizes);
  memset(picks, 1, BATCH * sizeof *picks);
  memset(wanted, 1, BATCH * sizeof *wanted);
  uint64_t before = resident(), used = 0, peak = 0, most = 0;
  for (uint32_t at = 0; at < live; at++) {
    sizes[at] = next_size();
    blocks[at] = ALLOC(sizes[at]);
    blocks[at][0] = 1;
    used += sizes[at];
  }
  double best = 1e9, worst = 0;
  uint64_t rounds = operations / 2 / BATCH;
  double *took_each = calloc(rounds + 1, sizeof *took_each);
  for (uint64_t round = 0; round < rounds; round++) {
    for (uint32_t at = 0; at < BATCH; at++) {
      picks[at] = next() % live;
      wanted[at] = next_size();
    }
    double started = now_ns();
    for (uint32_t at = 0; at < BATCH; at++) {
      uint32_t pick = picks[at];
      FREE(blocks[pick]);
      used -= sizes[pick];
      sizes[pick] = wanted[at];
      blocks[pick] = ALLOC(wanted[at]);
      blocks[pick][0] = 1;
      used += wanted[at];
      if (used > peak) peak = used;
    }
    double took = (now_ns() - started) / (2 * BATCH);
    if (took < best) best = took;
    took_each[round] = took;
    if (!touches) continue;
    for (uint32_t at = 0; at < live; at++) touch(blocks[at], sizes[at]);
    uint64_t resident_now = resident();
    if (resident_now > most) most = resident_now;
  }
  qsort(took_each, rounds, sizeof *took_each, compare);
  enum { SAMPLES = 200000 };
  static double samples[SAMPLES];
  for (uint32_t at = 0; at < SAMPLES; at++) {
    uint32_t pick = next() % live;
    uint32_t size = next_size();
    double started = now_ns();
    FREE(blocks[pick]);
    blocks[pick] = ALLOC(size);
    samples[at] = now_ns() - started;
    if (samples[at] > worst) worst = samples[at];
    blocks[pick][0] = 1;
  }
  qsort(samples, SAMPLES, sizeof *samples, compare);
  printf("{\"bestNs\":%.2f,\"medianNs\":%.2f,\"rareNs\":%.0f,\"worstNs\":%.0f,\"footprint\":%.4f}\n", best, took_each[rounds / 2],
         samples[SAMPLES - SAMPLES / 10000], worst, touches ? (double)(most - before) / (double)peak : 0);
  return 0;
}
