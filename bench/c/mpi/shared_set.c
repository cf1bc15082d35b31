/*
 * What a program in C would do for a `set` on one node: the source broadcasts a header, all wait until nobody reads, the source copies into a
 * shared window, all wait until it is there (MPI-4.1 chapters 6 and 12.2.3).
 */
#include <mpi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../side.h"

static MPI_Comm node;
static MPI_Win window;
static char *shared, *source;
static size_t bytes;

int shared_set_open(size_t size, const char *folder, int rank, int ranks) {
  (void)folder, (void)ranks;
  bytes = size;
  source = malloc(size);
  memset(source, 1, size);
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node)) return 1;
  if (MPI_Win_allocate_shared(rank == 0 ? (MPI_Aint)size : 0, 1, MPI_INFO_NULL, node, &shared, &window)) return 2;
  MPI_Aint there;
  int unit;
  if (MPI_Win_shared_query(window, 0, &there, &unit, &shared)) return 3;
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
  if (rank == 0) memset(shared, 0, size);
  MPI_Barrier(MPI_COMM_WORLD);
  return 0;
}

static void set_once(int rank) {
  uint64_t header[8] = {bytes};
  MPI_Bcast(header, sizeof header, MPI_BYTE, 0, node);
  MPI_Barrier(node);
  if (rank == 0) {
    memcpy(shared, source, header[0]);
    MPI_Win_sync(window);
  }
  MPI_Barrier(node);
}

double shared_set_turn(int ops) {
  int rank;
  MPI_Comm_rank(node, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  double start = now_ms();
  for (int i = 0; i < ops; i++) set_once(rank);
  return now_ms() - start;
}

void shared_set_close(void) {
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
  MPI_Comm_free(&node);
  free(source);
}
