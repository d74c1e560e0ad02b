/*
 * Measures the functions that a program in C starts programs with: those of its
 * libc, or those that are preloaded or linked.
 *
 *     c posix_spawn|system|popen|vfork COUNT MEBIBYTES PROGRAM [ARGUMENT...]
 *
 * Prints the median of the microseconds that a start and a wait take on one CPU,
 * in a process with so much memory. system and popen start a shell, the others the
 * PROGRAM. vfork and execve are the fastest that the kernel allows.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int start(const char *function, char **program)
{
	if (!strcmp(function, "system"))
		return system(":");
	if (!strcmp(function, "popen")) {
		FILE *stream = popen(":", "r");
		return stream ? pclose(stream) : -1;
	}
	pid_t pid;
	int status = 0;
	if (strcmp(function, "vfork"))
		status = posix_spawn(&pid, *program, 0, 0, program, environ);
	else if ((pid = vfork()) == 0) {
		execve(*program, program, environ);
		_exit(127);
	}
	if (!status)
		waitpid(pid, &status, 0);
	return status;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *one, const void *other)
{
	double difference = *(const double *)one - *(const double *)other;
	return (difference > 0) - (difference < 0);
}

int main(int count, char **words)
{
	if (count < 5 || atoi(words[2]) < 1)
		return 2;
	int starts = atoi(words[2]);
	size_t size = (size_t)atol(words[3]) << 20;
	char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 3;
	memset(memory, 1, size);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	double *times = malloc(starts * sizeof *times);
	if (!times)
		return 3;
	/* What happens only once is not measured. */
	for (int i = -starts / 10; i < starts; i++) {
		double begin = now();
		if (start(words[1], words + 4))
			return 1;
		if (i >= 0)
			times[i] = now() - begin;
	}
	/* Unlike the mean, it does not contain what other processes take. */
	qsort(times, starts, sizeof *times, compare);
	printf("%.3f\n", times[starts / 2]);
	return 0;
}
