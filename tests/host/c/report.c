/*
 * The program that functions.c starts: writes what it finds to the file FILE
 * and exits with the status 7.
 *
 *     report FILE [ARGUMENT...]
 *
 * Without FILE it only exits. It is a native program, also where the emulator
 * runs functions.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static const char *last(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* Prints a line of /proc/self/status without these bits. */
static void status(FILE *out, const char *name, unsigned long long without)
{
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file)) {
		size_t length = strlen(name);
		if (!strncmp(line, name, length) && line[length] == ':') {
			unsigned long long bits = strtoull(line + length + 1, 0, 16);
			fprintf(out, " %s=%llx", name, bits & ~without);
		}
	}
	if (file)
		fclose(file);
}

int main(int count, char **arguments)
{
	char open_ones[2048] = "", path[64], name[4096];
	struct sched_param parameters;
	/* This comes before the program opens files of its own. */
	for (int fd = 0; fd < 256; fd++) {
		char *end = open_ones + strlen(open_ones);
		struct stat stat;
		if (fstat(fd, &stat))
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(path, name, sizeof name - 1);
		name[length < 0 ? 0 : length] = 0;
		if (S_ISFIFO(stat.st_mode))
			strcpy(name, "pipe");
		int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
		snprintf(end, 100, " %d:%.40s:%s", fd, last(name),
			 mode == O_RDONLY ? "r" : mode == O_WRONLY ? "w" : "rw");
	}
	if (count < 2)
		return 7;
	FILE *out = fopen(arguments[1], "we");
	if (!out)
		return 8;
	fprintf(out, "arg0=%s", last(arguments[0]));
	for (int i = 2; i < count; i++)
		fprintf(out, " arg%d=%s", i, arguments[i]);
	for (char **entry = environ; *entry; entry++)
		fprintf(out, " env=%s", *entry);
	fprintf(out, "%s", open_ones);
	if (getcwd(name, sizeof name))
		fprintf(out, " in=%s", last(name));
	fprintf(out, " group=%s", getpgid(0) == getpid() ? "own" : "other");
	fprintf(out, " session=%s", getsid(0) == getpid() ? "own" : "other");
	status(out, "SigBlk", 0);
	/* The signals that the libcs reserve are printed only if requested. */
	int all = count > 2 && !strcmp(arguments[2], "all-signals");
	status(out, "SigIgn", all ? 0 : 3ULL << 31);
	fprintf(out, " uid=%d/%d gid=%d/%d", getuid(), geteuid(), getgid(),
		getegid());
	sched_getparam(0, &parameters);
	fprintf(out, " policy=%d priority=%d", sched_getscheduler(0),
		parameters.sched_priority);
	mode_t mask = umask(0);
	fprintf(out, " umask=%o\n", mask);
	return fclose(out) ? 9 : 7;
}
