/*
 * A lock on MPI's one-sided operations: the queue of Mellor-Crummey and Scott (1991), in the form of "Using Advanced MPI" (Gropp et
 * al., 2014, section 4.5). Every rank has a flag and the rank of who comes next; rank 0 has the tail too. First come, first served.
 */
#include <mpi.h>

#include "../side.h"

enum { NEXT, FLAG, TAIL, WORDS };

static const int NOBODY = -1;

static MPI_Win window;
static int *words;
static int me;
/* The rank that works alone in a turn of `mcs_free`. */
static int worker;

static int fetch_and_op(int value, int rank, int word, MPI_Op op) {
  int before;
  MPI_Fetch_and_op(&value, &before, MPI_INT, rank, word, op, window);
  MPI_Win_flush(rank, window);
  return before;
}

static void store(int value, int rank, int word) {
  MPI_Accumulate(&value, 1, MPI_INT, rank, word, 1, MPI_INT, MPI_REPLACE, window);
  MPI_Win_flush(rank, window);
}

static int load(int rank, int word) { return fetch_and_op(0, rank, word, MPI_NO_OP); }

/* Between two looks: at first nothing but the look, then MPI's own progress, in which Open MPI yields the core (MPICH does not). */
static void pause_after(int looks) {
  int found;
  if (looks > 1000) MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &found, MPI_STATUS_IGNORE);
  MPI_Win_sync(window);
}

static void acquire(void) {
  store(NOBODY, me, NEXT);
  store(1, me, FLAG);
  int before = fetch_and_op(me, 0, TAIL, MPI_REPLACE);
  if (before == NOBODY) return;
  store(me, before, NEXT);
  for (int looks = 0; load(me, FLAG); looks++) pause_after(looks);
}

static void release(void) {
  int next = load(me, NEXT);
  if (next == NOBODY) {
    int tail;
    MPI_Compare_and_swap(&NOBODY, &me, &tail, MPI_INT, 0, TAIL, window);
    MPI_Win_flush(0, window);
    if (tail == me) return;
    for (int looks = 0; (next = load(me, NEXT)) == NOBODY; looks++) pause_after(looks);
  }
  store(0, next, FLAG);
}

static int open_window(int rank) {
  me = rank;
  /* On one node the quickest window there is: one of MPI_Win_allocate costs Open MPI a hundred times as much. */
  const MPI_Aint bytes = WORDS * sizeof(int);
  if (MPI_Win_allocate_shared(bytes, sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &words, &window)) return 1;
  MPI_Win_lock_all(0, window);
  words[NEXT] = words[TAIL] = NOBODY;
  words[FLAG] = 0;
  MPI_Win_sync(window);
  MPI_Barrier(MPI_COMM_WORLD);
  return 0;
}

static void close_window(void) {
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
}

static double rounds(int ops) {
  double start = now_ms();
  for (int i = 0; i < ops; i++) {
    acquire();
    release();
  }
  return now_ms() - start;
}

/* `size` is the rank that locks and unlocks; the others wait in a barrier, where MPI makes progress. */
int mcs_free_open(size_t size, const char *folder, int rank, int ranks) {
  (void)folder, (void)ranks;
  worker = (int)size;
  return open_window(rank);
}

double mcs_free_turn(int ops) {
  MPI_Barrier(MPI_COMM_WORLD);
  double took = me == worker ? rounds(ops) : 0;
  MPI_Barrier(MPI_COMM_WORLD);
  return took;
}

void mcs_free_close(void) { close_window(); }

int mcs_contended_open(size_t size, const char *folder, int rank, int ranks) {
  (void)size, (void)folder, (void)ranks;
  return open_window(rank);
}

/* Until the last rank is through. */
double mcs_contended_turn(int ops) {
  MPI_Barrier(MPI_COMM_WORLD);
  double start = now_ms();
  rounds(ops);
  MPI_Barrier(MPI_COMM_WORLD);
  return now_ms() - start;
}

void mcs_contended_close(void) { close_window(); }

int mcs_shares_open(size_t size, const char *folder, int rank, int ranks) {
  return mcs_contended_open(size, folder, rank, ranks);
}

/* This rank's own time. */
double mcs_shares_turn(int ops) {
  MPI_Barrier(MPI_COMM_WORLD);
  double took = rounds(ops);
  MPI_Barrier(MPI_COMM_WORLD);
  return took;
}

void mcs_shares_close(void) { close_window(); }

/* Rank 0 computes for a second outside MPI, the last rank locks and unlocks meanwhile: the worst of its rounds, in ms. */
int mcs_stall_open(size_t size, const char *folder, int rank, int ranks) {
  (void)size, (void)folder;
  worker = ranks - 1;
  return open_window(rank);
}

double mcs_stall_turn(int ops) {
  (void)ops;
  double worst = 0, start;
  MPI_Barrier(MPI_COMM_WORLD);
  start = now_ms();
  while (me == 0 && now_ms() - start < 1000) continue;
  /* Let rank 0 begin. */
  while (me == worker && now_ms() - start < 100) continue;
  while (me == worker && now_ms() - start < 1000) {
    double took = rounds(1);
    if (took > worst) worst = took;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return worst;
}

void mcs_stall_close(void) { close_window(); }
