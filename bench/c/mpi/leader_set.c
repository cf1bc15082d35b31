/*
 * A `set` across nodes in C: a header, a barrier, then the leaders of the nodes broadcast the data straight into each node's shared
 * window, and a barrier. On the source's own node the data are copied there first.
 */
#include <mpi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../side.h"

/* MPI counts in int; a gibibyte at a time, as the Python original does it. */
static const size_t PIECE = (size_t)1 << 30;

static MPI_Comm node, leaders = MPI_COMM_NULL;
static MPI_Win window;
static char *shared, *source;
static size_t bytes;

int leader_set_open(size_t size, const char *folder, int rank, int ranks) {
  (void)folder, (void)ranks;
  bytes = size;
  source = malloc(size);
  memset(source, 1, size);
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node)) return 1;
  int place;
  MPI_Comm_rank(node, &place);
  if (MPI_Comm_split(MPI_COMM_WORLD, place == 0 ? 0 : MPI_UNDEFINED, rank, &leaders)) return 2;
  if (MPI_Win_allocate_shared(place == 0 ? (MPI_Aint)size : 0, 1, MPI_INFO_NULL, node, &shared, &window)) return 3;
  MPI_Aint there;
  int unit;
  if (MPI_Win_shared_query(window, 0, &there, &unit, &shared)) return 4;
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
  if (place == 0) memset(shared, 0, size);
  MPI_Barrier(MPI_COMM_WORLD);
  return 0;
}

static void set_once(int rank) {
  uint64_t header[8] = {bytes};
  MPI_Bcast(header, sizeof header, MPI_BYTE, 0, MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  if (leaders != MPI_COMM_NULL) {
    if (rank == 0) memcpy(shared, source, header[0]);
    for (size_t done = 0; done < header[0]; done += PIECE) {
      size_t left = header[0] - done;
      MPI_Bcast(shared + done, (int)(left < PIECE ? left : PIECE), MPI_BYTE, 0, leaders);
    }
    MPI_Win_sync(window);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

double leader_set_turn(int ops) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  double start = now_ms();
  for (int i = 0; i < ops; i++) set_once(rank);
  return now_ms() - start;
}

void leader_set_close(void) {
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
  if (leaders != MPI_COMM_NULL) MPI_Comm_free(&leaders);
  MPI_Comm_free(&node);
  free(source);
}
