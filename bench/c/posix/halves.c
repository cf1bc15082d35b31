/*
 * Copies data of ours into an array of ours, by two threads that do nothing else and never sleep: what two cores give for these very pages. Called by the rank
 * that has the data.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "../side.h"

/* Rows of `row` bytes, one after the other in the source, `stride` bytes apart in the target. */
typedef struct {
  char *target;
  const char *source;
  size_t rows, row, stride;
  /* The copies begun, by the thread that is timed, and done, by the other; a negative one ends it. */
  atomic_int begun, done;
} Pair;

static void copy_rows(const Pair *pair, size_t from, size_t to) {
  for (size_t r = from; r < to; r++) memcpy(pair->target + r * pair->stride, pair->source + r * pair->row, pair->row);
}

static void *help(void *given) {
  Pair *pair = given;
  for (int done = 0, begun;; done = begun) {
    while ((begun = atomic_load(&pair->begun)) == done);
    if (begun < 0) return NULL;
    copy_rows(pair, pair->rows / 2, pair->rows);
    atomic_store(&pair->done, begun);
  }
}

static void copy_once(Pair *pair, int number) {
  atomic_store(&pair->begun, number);
  copy_rows(pair, 0, pair->rows / 2);
  while (atomic_load(&pair->done) != number);
}

double halves_turn(char *target, const char *source, size_t rows, size_t row, size_t stride, int ops) {
  Pair pair = {.target = target, .source = source, .rows = rows, .row = row, .stride = stride};
  pthread_t helper;
  if (pthread_create(&helper, NULL, help, &pair)) return -1;
  /* The first is not timed: the thread has to come to run. */
  copy_once(&pair, 1);
  double start = now_ms();
  for (int i = 0; i < ops; i++) copy_once(&pair, i + 2);
  double took = now_ms() - start;
  atomic_store(&pair.begun, -1);
  pthread_join(helper, NULL);
  return took;
}
