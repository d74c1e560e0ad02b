/*
 * Loads the library LIBRARY, calls its functions, and calls one after dlclose.
 *
 *     loaded LIBRARY
 */
#include <dlfcn.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

int main(int count, char **words)
{
	void *library = count == 2 ? dlopen(words[1], RTLD_NOW) : 0;
	if (!library) {
		puts(dlerror());
		return 1;
	}
	int (*spawn)(pid_t *, const char *, const void *, const void *, char **, char **) =
		dlsym(library, "posix_spawn");
	int (*run)(const char *) = dlsym(library, "system");
	FILE *(*open_)(const char *, const char *) = dlsym(library, "popen");
	int (*close_)(FILE *) = dlsym(library, "pclose");
	size_t (*why)(char *, size_t) = dlsym(library, "nestling_spawn_error");
	char *arguments[] = { "true", 0 }, text[100];
	pid_t pid;
	int status;
	printf("%d", spawn(&pid, "/bin/true", 0, 0, arguments, environ));
	waitpid(pid, &status, 0);
	printf(" %d", spawn(&pid, "/nope", 0, 0, arguments, environ));
	why(text, sizeof text);
	printf(" %s", text);
	printf(" %d", run("exit 3") >> 8);
	printf(" %d", close_(open_("exit 4", "r")) >> 8);
	/* A stream of the libc's, which is before the library. */
	printf(" %d", close_(popen("exit 5", "r")) >> 8);
	printf(" %d", dlclose(library));
	printf(" %d\n", run("exit 6") >> 8);
	return 0;
}
