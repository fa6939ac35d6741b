// The floor of waking: two threads, or two processes, answer each other's numbers through a page that both see. Arguments: how many rounds; `threads` or
// `processes`; `spin` or `sleep`, where each waits on a futex at once; microseconds of work before each ping, in which the other side falls asleep.
// Prints a JSON object with the times of a round trip in microseconds.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct page {
  _Alignas(128) atomic_int ping;
  _Alignas(128) atomic_int pong;
};

static struct page *page;
static int rounds, sleeps;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void await(atomic_int *word, int round) {
  for (int seen; (seen = atomic_load(word)) < round;)
    if (sleeps) syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void tell(atomic_int *word, int round) {
  atomic_store(word, round);
  if (sleeps) syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void *echo(void *unused) {
  for (int round = 1; round <= rounds; round++) {
    await(&page->ping, round);
    tell(&page->pong, round);
  }
  return unused;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  rounds = atoi(argv[1]);
  sleeps = strcmp(argv[3], "sleep") == 0;
  double work = atof(argv[4]);
  page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_t thread;
  pid_t child = 0;
  if (strcmp(argv[2], "threads") == 0) pthread_create(&thread, NULL, echo, NULL);
  else if ((child = fork()) == 0) {
    echo(NULL);
    _exit(0);
  }
  double *times = malloc(rounds * sizeof *times);
  for (int round = 1; round <= rounds; round++) {
    for (double until = now() + work; work > 0 && now() < until;);
    double started = now();
    tell(&page->ping, round);
    await(&page->pong, round);
    times[round - 1] = now() - started;
  }
  if (child == 0) pthread_join(thread, NULL);
  else waitpid(child, NULL, 0);
  qsort(times, rounds, sizeof *times, compare);
  printf("{\"p50\":%f,\"p99\":%f}\n", times[rounds / 2], times[rounds * 99 / 100]);
  return 0;
}
