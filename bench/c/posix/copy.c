/* Copies into memory that the ranks of a node share: by one rank, by one past the caches, by all, each its own part, and by one in rows. */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../side.h"

/* At the head of the shared memory, on a page of its own. */
typedef struct {
  atomic_int entered, round;
} Gate;

enum { HEAD = 4096 };

typedef struct {
  Gate *gate;
  char *target, *source;
  size_t bytes;
} Copy;

/* Threads that load this library share its variables: each has its own. The sides take turns, so each has its own too. */
static _Thread_local Copy one, streamed, parts, rows;
static _Thread_local int me, everyone;

/* A counter barrier; spins for a while, then yields. */
static void wait_for_all(Gate *gate) {
  int round = atomic_load(&gate->round);
  if (atomic_fetch_add(&gate->entered, 1) == everyone - 1) {
    atomic_store(&gate->entered, 0);
    atomic_fetch_add(&gate->round, 1);
    return;
  }
  for (int spins = 0; atomic_load(&gate->round) == round; spins++)
    if (spins > 2000) sched_yield();
}

static int open_copy(Copy *copy, size_t size, const char *folder, int rank, int ranks) {
  me = rank, everyone = ranks, copy->bytes = size;
  /* In memory, not on the disk where the folder is; its name is this job's own. */
  char path[4096];
  const char *name = strrchr(folder, '/');
  snprintf(path, sizeof path, "/dev/shm%s", name ? name : folder);
  int file = open(path, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, (off_t)(HEAD + size))) return 1;
  char *memory = mmap(NULL, HEAD + size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return 2;
  copy->gate = (Gate *)memory;
  copy->target = memory + HEAD;
  wait_for_all(copy->gate);
  if (rank == 0) unlink(path);
  /* Nobody opens the next before it is gone. */
  wait_for_all(copy->gate);
  copy->source = malloc(size);
  if (!copy->source) return 3;
  memset(copy->source, rank + 1, size);
  if (rank == 0) memset(copy->target, 0, size);
  return 0;
}

static void close_copy(Copy *copy) {
  munmap(copy->gate, HEAD + copy->bytes);
  free(copy->source);
}

static void stream(char *to, const char *from, size_t count) {
#ifdef __SSE2__
  /* malloc and mmap align to 16 bytes; sizes here are multiples of 64. */
  for (size_t i = 0; i < count; i += 64) {
    __m128i a = _mm_loadu_si128((const __m128i *)(from + i)), b = _mm_loadu_si128((const __m128i *)(from + i + 16));
    __m128i c = _mm_loadu_si128((const __m128i *)(from + i + 32)), d = _mm_loadu_si128((const __m128i *)(from + i + 48));
    _mm_stream_si128((__m128i *)(to + i), a), _mm_stream_si128((__m128i *)(to + i + 16), b);
    _mm_stream_si128((__m128i *)(to + i + 32), c), _mm_stream_si128((__m128i *)(to + i + 48), d);
  }
  _mm_sfence();
#else
  memcpy(to, from, count);
#endif
}

int copy_one_open(size_t size, const char *folder, int rank, int ranks) {
  return open_copy(&one, size, folder, rank, ranks);
}

double copy_one_turn(int ops) {
  double start = now_ms();
  for (int i = 0; i < ops && me == 0; i++) memcpy(one.target, one.source, one.bytes);
  return now_ms() - start;
}

void copy_one_close(void) { close_copy(&one); }

int copy_stream_open(size_t size, const char *folder, int rank, int ranks) {
#ifndef __SSE2__
  /* Elsewhere than on x86 it would be copy_one again. */
  return 9;
#endif
  return open_copy(&streamed, size, folder, rank, ranks);
}

double copy_stream_turn(int ops) {
  double start = now_ms();
  for (int i = 0; i < ops && me == 0; i++) stream(streamed.target, streamed.source, streamed.bytes);
  return now_ms() - start;
}

void copy_stream_close(void) { close_copy(&streamed); }

int copy_parts_open(size_t size, const char *folder, int rank, int ranks) {
  return open_copy(&parts, size, folder, rank, ranks);
}

double copy_parts_turn(int ops) {
  size_t first = parts.bytes / (size_t)everyone * (size_t)me;
  size_t count = me == everyone - 1 ? parts.bytes - first : parts.bytes / (size_t)everyone;
  wait_for_all(parts.gate);
  double start = now_ms();
  for (int i = 0; i < ops; i++) {
    memcpy(parts.target + first, parts.source + first, count);
    wait_for_all(parts.gate);
  }
  return now_ms() - start;
}

void copy_parts_close(void) { close_copy(&parts); }

/* Rows into the midst of a larger array of doubles, as `set` of a block has them. */
enum { ROWS = 1000, WIDE = 4000 };

int copy_rows_open(size_t size, const char *folder, int rank, int ranks) {
  (void)size;
  return open_copy(&rows, sizeof(double) * WIDE * WIDE, folder, rank, ranks);
}

double copy_rows_turn(int ops) {
  const size_t row = sizeof(double) * ROWS, stride = sizeof(double) * WIDE;
  char *first = rows.target + (WIDE / 4) * (stride + sizeof(double));
  double start = now_ms();
  for (int i = 0; i < ops && me == 0; i++)
    for (size_t r = 0; r < ROWS; r++) memcpy(first + r * stride, rows.source + r * row, row);
  return now_ms() - start;
}

void copy_rows_close(void) { close_copy(&rows); }
