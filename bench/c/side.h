/*
 * References in C. Each side NAME has three functions, called by all ranks:
 *   int NAME_open(size_t size, const char *folder, int rank, int ranks)   0, or a number that says what failed
 *   double NAME_turn(int ops)                                             does so many operations: ms on this rank
 *   void NAME_close(void)
 */
#ifndef SIDE_H
#define SIDE_H

#include <stddef.h>
#include <time.h>

static inline double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

#endif
