/*
 * Starts a program that does not exist, and prints whether the kernel has run
 * this program with more privileges than its caller's (AT_SECURE), and the
 * answer.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/auxv.h>

extern char **environ;

int main(void)
{
	char *arguments[] = { "nope", 0 };
	pid_t pid;
	int answer = posix_spawn(&pid, "/nope", 0, 0, arguments, environ);
	printf("secure=%lu answer=%d\n", getauxval(AT_SECURE), answer);
	return 0;
}
