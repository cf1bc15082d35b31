/* A robust mutex that processes share (POSIX.1-2017), free: what the system itself offers. */
#include <pthread.h>
#include <sys/mman.h>

#include "../side.h"

/* Threads that load this library share its variables: each has its own. */
static _Thread_local pthread_mutex_t *mutex;
static _Thread_local int me, worker;

/* `size` is the rank that locks and unlocks. */
int mutex_free_open(size_t size, const char *folder, int rank, int ranks) {
  (void)folder, (void)ranks;
  me = rank;
  worker = (int)size;
  if (me != worker) return 0;
  mutex = mmap(NULL, sizeof *mutex, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mutex == MAP_FAILED) return 2;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  return pthread_mutex_init(mutex, &attributes);
}

double mutex_free_turn(int ops) {
  if (me != worker) return 0;
  double start = now_ms();
  for (int i = 0; i < ops; i++) {
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
  }
  return now_ms() - start;
}

void mutex_free_close(void) {
  if (me == worker) munmap(mutex, sizeof *mutex);
}
