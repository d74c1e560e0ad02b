/*
 * Goes through every function, attribute, action and error of spawn.h, and
 * through system, popen and pclose. Prints a line for each situation; each
 * runs in a process of its own.
 *
 *     functions REPORT
 *
 * in an empty folder, where REPORT is the program of report.c. The same
 * program runs with the libc's functions and with nestling's, on glibc and on
 * musl: tests/host/tests/c_functions.rs compares what it prints.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Functions that not every libc has. In a static program they are those of the
 * library that it is linked with. */
#ifdef STATIC
#define OPTIONAL(type, name, parameters) \
	extern type name parameters __attribute__((weak)); \
	static type (*optional_##name(void)) parameters { return name; }
#else
#define OPTIONAL(type, name, parameters) \
	static type (*optional_##name(void)) parameters \
	{ return (type (*) parameters)dlsym(RTLD_DEFAULT, #name); }
#endif

typedef posix_spawn_file_actions_t actions_t;
typedef posix_spawnattr_t attributes_t;

OPTIONAL(int, posix_spawn_file_actions_addchdir, (actions_t *, const char *))
OPTIONAL(int, posix_spawn_file_actions_addfchdir, (actions_t *, int))
OPTIONAL(int, posix_spawn_file_actions_addclosefrom_np, (actions_t *, int))
OPTIONAL(int, posix_spawn_file_actions_addtcsetpgrp_np, (actions_t *, int))
OPTIONAL(int, posix_spawnattr_getcgroup_np, (const attributes_t *, int *))
OPTIONAL(int, posix_spawnattr_setcgroup_np, (attributes_t *, int))
OPTIONAL(int, pidfd_spawn, (int *, const char *, const actions_t *,
	const attributes_t *, char *const *, char *const *))
OPTIONAL(int, pidfd_spawnp, (int *, const char *, const actions_t *,
	const attributes_t *, char *const *, char *const *))
OPTIONAL(size_t, nestling_spawn_error, (char *, size_t))

#define SETCGROUP 0x100

/* What the situations share: the objects and the program to start. */
static const char *report;
static char found[4096];
static actions_t actions;
static attributes_t attributes;
static char *arguments[8];
static char *no_environment[] = { "A=1", 0 };

static void say(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
}

/* The name of an error number. */
static const char *number(int number)
{
	static char text[16];
	switch (number) {
	case 0: return "0";
#define NAME(name) case name: return #name;
	NAME(EPERM) NAME(ENOENT) NAME(ESRCH) NAME(EINTR) NAME(EIO) NAME(E2BIG)
	NAME(ENOEXEC) NAME(EBADF) NAME(ECHILD) NAME(EAGAIN) NAME(ENOMEM)
	NAME(EACCES) NAME(EFAULT) NAME(EEXIST) NAME(ENOTDIR) NAME(EISDIR)
	NAME(EINVAL) NAME(EMFILE) NAME(ENOTTY) NAME(ETXTBSY) NAME(ELOOP)
	NAME(ENAMETOOLONG) NAME(ENOSYS)
#undef NAME
	}
	snprintf(text, sizeof text, "%d", number);
	return text;
}

static void ended(int status)
{
	if (WIFEXITED(status))
		say(" exit=%d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say(" signal=%d", WTERMSIG(status));
	else
		say(" status=%x", status);
}

/* The report of the started program. */
static void what_it_found(void)
{
	char text[8192];
	int fd = open(found, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	while (length > 0 && text[length - 1] == '\n')
		length--;
	text[length < 0 ? 0 : length] = 0;
	say(" %s", text);
}

/* The number of open descriptors and their sum: a spawn must change neither. */
static int descriptors(void)
{
	int sum = 0;
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			sum += 1000 + fd;
	return sum;
}

enum how { PATH, SEARCH };

/* Starts a program, waits for it, and prints its report. */
static void start_as(enum how how, const char *file, const actions_t *acts,
		     const attributes_t *attrs)
{
	pid_t pid = -5;
	int status, before = descriptors();
	sigset_t mask, mask_after;
	sigprocmask(SIG_SETMASK, 0, &mask);
	int answer = how == PATH
		? posix_spawn(&pid, file, acts, attrs, arguments, no_environment)
		: posix_spawnp(&pid, file, acts, attrs, arguments, no_environment);
	sigprocmask(SIG_SETMASK, 0, &mask_after);
	if (memcmp(&mask, &mask_after, 8))
		say(" another mask");
	if (descriptors() != before)
		say(" other descriptors");
	say(" %s", number(answer));
	if (answer) {
		if (waitpid(-1, &status, 0) != -1 || errno != ECHILD)
			say(" left a child");
		if (pid != -5)
			say(" stored an id");
		return;
	}
	if (waitpid(pid, &status, 0) != pid) {
		say(" no child: %s", number(errno));
		return;
	}
	ended(status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		what_it_found();
}

static void start(void)
{
	start_as(PATH, report, &actions, &attributes);
}

static void flags(int flags)
{
	int answer = posix_spawnattr_setflags(&attributes, flags);
	if (answer)
		say(" setflags=%s", number(answer));
}

/* ---- Objects ---- */

static void sizes(void)
{
	say(" %zu %zu", sizeof attributes,
	    sizeof actions == 72 + sizeof(void *) ? (size_t)80 : sizeof actions);
}

static void defaults(void)
{
	short flags = -1;
	pid_t group = -1;
	sigset_t set;
	say(" %d", posix_spawnattr_init(&attributes));
	say(" %d", posix_spawnattr_getflags(&attributes, &flags));
	say(" %d", posix_spawnattr_getpgroup(&attributes, &group));
	sigfillset(&set);
	say(" %d", posix_spawnattr_getsigmask(&attributes, &set));
	for (int signal = 1; signal <= 64; signal++)
		if (sigismember(&set, signal) == 1)
			say(" masked %d", signal);
	sigfillset(&set);
	say(" %d", posix_spawnattr_getsigdefault(&attributes, &set));
	for (int signal = 1; signal <= 64; signal++)
		if (sigismember(&set, signal) == 1)
			say(" default %d", signal);
	say(" flags=%d group=%d", flags, group);
	say(" %d", posix_spawnattr_destroy(&attributes));
}

static void default_scheduling(void)
{
	int policy = -1;
	struct sched_param priority = { .sched_priority = -1 };
	say(" %s", number(posix_spawnattr_getschedpolicy(&attributes, &policy)));
	say(" %s", number(posix_spawnattr_getschedparam(&attributes, &priority)));
	say(" %d %d", policy, priority.sched_priority);
}

static void values(void)
{
	short flags = -1;
	pid_t group = -1;
	sigset_t set, got;
	for (int flag = 1; flag <= 0x80; flag *= 2) {
		say(" %s", number(posix_spawnattr_setflags(&attributes, flag)));
		posix_spawnattr_getflags(&attributes, &flags);
		if (flags != flag)
			say(" %x instead of %x", flags, flag);
	}
	say(" %s", number(posix_spawnattr_setpgroup(&attributes, 1234)));
	posix_spawnattr_getpgroup(&attributes, &group);
	say(" %d", group);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMAX);
	say(" %s", number(posix_spawnattr_setsigmask(&attributes, &set)));
	posix_spawnattr_getsigmask(&attributes, &got);
	say(" %s", memcmp(&set, &got, sizeof set) ? "other" : "same");
	sigaddset(&set, SIGUSR2);
	say(" %s", number(posix_spawnattr_setsigdefault(&attributes, &set)));
	posix_spawnattr_getsigdefault(&attributes, &got);
	say(" %s", memcmp(&set, &got, sizeof set) ? "other" : "same");
	posix_spawnattr_getsigmask(&attributes, &got);
	say(" %d", sigismember(&got, SIGUSR2));
}

static void scheduling_values(void)
{
	struct sched_param priority = { .sched_priority = 17 };
	int policy = -1;
	for (int i = 0; i <= 7; i++)
		say(" %s", number(posix_spawnattr_setschedpolicy(&attributes, i)));
	say(" %s", number(posix_spawnattr_setschedpolicy(&attributes, SCHED_RR)));
	say(" %s", number(posix_spawnattr_setschedparam(&attributes, &priority)));
	priority.sched_priority = -1;
	posix_spawnattr_getschedparam(&attributes, &priority);
	posix_spawnattr_getschedpolicy(&attributes, &policy);
	say(" %d %d", policy, priority.sched_priority);
}

static void unknown_flags(void)
{
	say(" %s", number(posix_spawnattr_setflags(&attributes, 0x200)));
	say(" %s", number(posix_spawnattr_setflags(&attributes, 0x4000)));
	say(" %s", number(posix_spawnattr_setflags(&attributes, -1)));
}

static void flag_of_cgroups(void)
{
	say(" %s", number(posix_spawnattr_setflags(&attributes, SETCGROUP)));
}

static void cgroup_value(void)
{
	int fd = -1;
	if (!optional_posix_spawnattr_setcgroup_np()) {
		say(" absent");
		return;
	}
	say(" %d", optional_posix_spawnattr_setcgroup_np()(&attributes, 9));
	say(" %d", optional_posix_spawnattr_getcgroup_np()(&attributes, &fd));
	say(" %d", fd);
}

/* ---- Numbers that cannot be descriptors ---- */

static void negative_numbers(void)
{
	say(" %s", number(posix_spawn_file_actions_addclose(&actions, -1)));
	say(" %s", number(posix_spawn_file_actions_addopen(&actions, -1, "/", 0, 0)));
	say(" %s", number(posix_spawn_file_actions_adddup2(&actions, -1, 1)));
	say(" %s", number(posix_spawn_file_actions_adddup2(&actions, 1, -1)));
	say(" %s", number(posix_spawn_file_actions_addfchdir_np(&actions, -1)));
	start();
}

static void negative_numbers_of_glibc(void)
{
	if (!optional_posix_spawn_file_actions_addclosefrom_np()) {
		say(" absent");
		return;
	}
	say(" %s", number(optional_posix_spawn_file_actions_addclosefrom_np()(&actions, -1)));
	say(" %s", number(optional_posix_spawn_file_actions_addtcsetpgrp_np()(&actions, -1)));
}

static void numbers_above_the_limit(void)
{
	say(" %s", number(posix_spawn_file_actions_addclose(&actions, 1 << 20)));
}

static void dup2_above_the_limit(void)
{
	say(" %s", number(posix_spawn_file_actions_adddup2(&actions, 0, 1 << 20)));
	start();
}

/* ---- Programs ---- */

static void a_program(void)
{
	start_as(PATH, report, 0, 0);
}

static void no_id_wanted(void)
{
	int status;
	say(" %s", number(posix_spawn(0, report, 0, 0, arguments, no_environment)));
	say(" %d", wait(&status) > 0);
	ended(status);
}

static void empty_arrays(void)
{
	char *none[] = { 0 };
	int status;
	pid_t pid;
	say(" %s", number(posix_spawn(&pid, report, 0, 0, none, none)));
	waitpid(pid, &status, 0);
	ended(status);
}

static void null_environment(void)
{
	int status;
	pid_t pid;
	char *const *volatile none = 0;
	say(" %s", number(posix_spawn(&pid, report, 0, 0, arguments, none)));
	waitpid(pid, &status, 0);
	ended(status);
	what_it_found();
}

static void missing_program(void)
{
	start_as(PATH, "/nope", 0, 0);
	start_as(PATH, "", 0, 0);
	start_as(PATH, "/", 0, 0);
	start_as(PATH, "/dev/null/x", 0, 0);
}

static char *make(const char *name, const char *text, int mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		say(" can't make %s", name);
	fchmod(fd, mode);
	close(fd);
	return (char *)name;
}

static void unknown_format(void)
{
	start_as(PATH, make("script", "exit 5\n", 0755), 0, 0);
	setenv("PATH", ".", 1);
	start_as(SEARCH, "script", 0, 0);
}

static void missing_interpreter(void)
{
	start_as(PATH, make("script2", "#!/nope\n", 0755), 0, 0);
}

static void an_interpreter(void)
{
	start_as(PATH, make("script3", "#!/bin/sh\nexit 6\n", 0755), 0, 0);
}

static void too_many_arguments(void)
{
	size_t size = 9 << 20;
	char *big = malloc(size);
	memset(big, 'x', size - 1);
	big[size - 1] = 0;
	arguments[2] = big;
	start_as(PATH, report, 0, 0);
	free(big);
}

static void errno_after_a_failure(void)
{
	pid_t pid;
	errno = 77;
	say(" %s", number(posix_spawn(&pid, "/nope", 0, 0, arguments, no_environment)));
	say(" %s", number(errno));
}

static void signals_of_the_libc(void)
{
	arguments[2] = "all-signals";
	start_as(PATH, report, 0, 0);
}

/* ---- Searches ---- */

static void searches(void)
{
	char *name = strrchr(report, '/') + 1, *path;
	if (asprintf(&path, "/nope:/dev/null:%.*s:/bin", (int)(name - report), report) < 0)
		return;
	setenv("PATH", path, 1);
	free(path);
	start_as(SEARCH, name, 0, 0);
	say(" |");
	start_as(SEARCH, report, 0, 0);
	say(" |");
	start_as(SEARCH, "no-such-program", 0, 0);
	start_as(SEARCH, "", 0, 0);
	start_as(SEARCH, "no/such", 0, 0);
}

static void a_search_of_the_caller_not_of_the_child(void)
{
	char *environment[] = { "PATH=/nope", 0 };
	pid_t pid;
	int status;
	arguments[0] = "sh", arguments[1] = "-c", arguments[2] = "exit 3";
	arguments[3] = 0;
	setenv("PATH", "/bin", 1);
	say(" %s", number(posix_spawnp(&pid, "sh", 0, 0, arguments, environment)));
	waitpid(pid, &status, 0);
	ended(status);
}

static void a_search_without_path(void)
{
	arguments[0] = "sh", arguments[1] = "-c", arguments[2] = "exit 3";
	arguments[3] = 0;
	unsetenv("PATH");
	start_as(SEARCH, "sh", 0, 0);
}

static void a_search_of_an_empty_path(void)
{
	make("here", "#!/bin/sh\nexit 4\n", 0755);
	setenv("PATH", "", 1);
	start_as(SEARCH, "here", 0, 0);
	setenv("PATH", "/nope:", 1);
	start_as(SEARCH, "here", 0, 0);
}

static void a_search_that_may_not_execute(void)
{
	mkdir("a", 0755), mkdir("b", 0755);
	make("a/p", "#!/bin/sh\nexit 1\n", 0644);
	make("b/p", "#!/bin/sh\nexit 2\n", 0755);
	setenv("PATH", "a:b", 1);
	start_as(SEARCH, "p", 0, 0);
	setenv("PATH", "a:/nope", 1);
	start_as(SEARCH, "p", 0, 0);
}

static void a_long_name(void)
{
	char name[5000];
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	start_as(SEARCH, name, 0, 0);
	start_as(PATH, name, 0, 0);
	name[300] = 0;
	setenv("PATH", "/bin", 1);
	start_as(SEARCH, name, 0, 0);
}

static void a_long_name_where_no_folder_is(void)
{
	char name[301];
	memset(name, 'x', sizeof name - 1);
	name[300] = 0;
	setenv("PATH", "/nope", 1);
	start_as(SEARCH, name, 0, 0);
}

/* ---- Actions ---- */

static void an_open(void)
{
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "new", O_WRONLY | O_CREAT | O_EXCL, 0666);
	posix_spawn_file_actions_addopen(&actions, 9, "new", O_RDWR | O_APPEND, 0);
	umask(027);
	start();
	struct stat stat_;
	stat("new", &stat_);
	say(" mode=%o", stat_.st_mode & 0777);
}

static void an_open_of_an_open_number(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
	start();
}

static void an_open_that_closes_on_exec(void)
{
	posix_spawn_file_actions_addopen(&actions, 20, "/dev/null", O_RDONLY | O_CLOEXEC, 0);
	start();
}

static void an_open_that_fails(void)
{
	posix_spawn_file_actions_addopen(&actions, 1, "/nope", O_RDONLY, 0);
	start();
}

static void a_path_is_copied(void)
{
	char path[] = "/dev/null";
	posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0);
	posix_spawn_file_actions_addchdir_np(&actions, strcpy(path, "/dev"));
	memset(path, 'x', sizeof path - 1);
	start();
}

static void a_close(void)
{
	posix_spawn_file_actions_addclose(&actions, 0);
	posix_spawn_file_actions_addclose(&actions, 0);
	posix_spawn_file_actions_addclose(&actions, 200);
	start();
}

static void a_dup2(void)
{
	posix_spawn_file_actions_adddup2(&actions, 0, 9);
	posix_spawn_file_actions_adddup2(&actions, 9, 0);
	posix_spawn_file_actions_adddup2(&actions, 9, 3);
	posix_spawn_file_actions_adddup2(&actions, 9, 4);
	posix_spawn_file_actions_adddup2(&actions, 9, 5);
	posix_spawn_file_actions_adddup2(&actions, 9, 6);
	start();
}

static void a_dup2_to_itself(void)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	posix_spawn_file_actions_adddup2(&actions, fd, fd);
	start();
	say(" cloexec=%d", fcntl(fd, F_GETFD));
}

static void a_dup2_of_a_closed_number(void)
{
	posix_spawn_file_actions_adddup2(&actions, 50, 1);
	start();
}

static void a_dup2_of_a_closed_number_to_itself(void)
{
	posix_spawn_file_actions_adddup2(&actions, 50, 50);
	start();
}

/* The descriptor over which the child reports is invisible to the actions. */
static void every_small_number(void)
{
	for (int fd = 3; fd < 12; fd++) {
		char text[32];
		actions_t one;
		posix_spawn_file_actions_init(&one);
		posix_spawn_file_actions_adddup2(&one, fd, 20);
		snprintf(text, sizeof text, " %d:", fd);
		say("%s", text);
		start_as(PATH, report, &one, 0);
		posix_spawn_file_actions_destroy(&one);
	}
}

static void descriptors_closed_in_the_parent(void)
{
	/* Standard output stays open for the line. */
	close(0);
	close(2);
	posix_spawn_file_actions_addopen(&actions, 5, "/dev/null", O_RDONLY, 0);
	start();
}

static void a_chdir(void)
{
	mkdir("folder", 0755);
	posix_spawn_file_actions_addchdir_np(&actions, "folder");
	posix_spawn_file_actions_addopen(&actions, 0, "inside", O_WRONLY | O_CREAT, 0600);
	start();
	say(" %d", access("folder/inside", F_OK));
}

static void a_chdir_to_nowhere(void)
{
	posix_spawn_file_actions_addchdir_np(&actions, "nowhere");
	start();
}

static void a_relative_program_after_a_chdir(void)
{
	mkdir("folder", 0755);
	make("folder/here", "#!/bin/sh\nexit 4\n", 0755);
	posix_spawn_file_actions_addchdir_np(&actions, "folder");
	start_as(PATH, "./here", &actions, 0);
	setenv("PATH", ".", 1);
	start_as(SEARCH, "here", &actions, 0);
}

static void a_fchdir(void)
{
	mkdir("folder", 0755);
	int fd = open("folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	posix_spawn_file_actions_addfchdir_np(&actions, fd);
	start();
	posix_spawn_file_actions_addfchdir_np(&actions, 99);
	start();
}

static void posix_2024_names(void)
{
	if (!optional_posix_spawn_file_actions_addchdir()) {
		say(" absent");
		return;
	}
	int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	optional_posix_spawn_file_actions_addchdir()(&actions, "/");
	start();
	optional_posix_spawn_file_actions_addfchdir()(&actions, fd);
	start();
}

static void a_closefrom(void)
{
	if (!optional_posix_spawn_file_actions_addclosefrom_np()) {
		say(" absent");
		return;
	}
	for (int fd = 3; fd < 30; fd++)
		dup2(0, fd);
	optional_posix_spawn_file_actions_addclosefrom_np()(&actions, 5);
	posix_spawn_file_actions_addopen(&actions, 7, "/dev/null", O_RDONLY, 0);
	start();
}

static void a_foreground_that_is_no_terminal(void)
{
	if (!optional_posix_spawn_file_actions_addtcsetpgrp_np()) {
		say(" absent");
		return;
	}
	int fd = open("/dev/null", O_RDONLY);
	optional_posix_spawn_file_actions_addtcsetpgrp_np()(&actions, fd);
	start();
}

static void many_actions(void)
{
	for (int i = 0; i < 300; i++) {
		posix_spawn_file_actions_adddup2(&actions, i % 3, 10 + i % 20);
		posix_spawn_file_actions_addopen(&actions, 40, "/dev/null", O_RDONLY, 0);
	}
	start();
	say(" %d", posix_spawn_file_actions_destroy(&actions));
	posix_spawn_file_actions_init(&actions);
	start();
}

static void the_first_failure_counts(void)
{
	posix_spawn_file_actions_addchdir_np(&actions, "nowhere");
	posix_spawn_file_actions_adddup2(&actions, 50, 1);
	start_as(PATH, "/dev/null", &actions, 0);
}

/* ---- Attributes ---- */

static void a_group(void)
{
	flags(POSIX_SPAWN_SETPGROUP);
	start();
	posix_spawnattr_setpgroup(&attributes, getpgrp());
	start();
	posix_spawnattr_setpgroup(&attributes, 1 << 22);
	start();
	posix_spawnattr_setpgroup(&attributes, -1);
	start();
}

static void a_session(void)
{
	flags(POSIX_SPAWN_SETSID);
	start();
}

static void a_session_and_a_group(void)
{
	flags(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETPGROUP);
	start();
}

static void no_flag_no_effect(void)
{
	sigset_t all;
	sigfillset(&all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &all);
	signal(SIGHUP, SIG_IGN);
	posix_spawnattr_setsigdefault(&attributes, &all);
	start();
}

static void use_vfork(void)
{
	flags(POSIX_SPAWN_USEVFORK);
	start();
}

static void a_mask(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	start();
	say(" |");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMAX);
	posix_spawnattr_setsigmask(&attributes, &set);
	flags(POSIX_SPAWN_SETSIGMASK);
	start();
}

static void a_full_mask(void)
{
	sigset_t set;
	sigfillset(&set);
	posix_spawnattr_setsigmask(&attributes, &set);
	flags(POSIX_SPAWN_SETSIGMASK);
	start();
}

static volatile sig_atomic_t handled;

static void handler(int signal)
{
	handled = signal;
}

/* Signals 32 and 33, which glibc ignores in its child, are another
 * situation. */
static void default_signals(void)
{
	sigset_t set;
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, handler);
	signal(SIGRTMAX, handler);
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	posix_spawnattr_setsigdefault(&attributes, &set);
	flags(POSIX_SPAWN_SETSIGDEF);
	start();
	flags(0);
	say(" |");
	start();
}

static void a_pending_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	start();
	say(" %d", handled);
	sigprocmask(SIG_UNBLOCK, &set, 0);
	say(" %d", handled == SIGUSR1);
}

static void scheduling(void)
{
	struct sched_param priority = { .sched_priority = 0 };
	say(" %s", number(posix_spawnattr_setschedparam(&attributes, &priority)));
	say(" %s", number(posix_spawnattr_setschedpolicy(&attributes, SCHED_OTHER)));
	flags(POSIX_SPAWN_SETSCHEDULER);
	start();
	flags(POSIX_SPAWN_SETSCHEDPARAM);
	start();
	priority.sched_priority = 17;
	posix_spawnattr_setschedparam(&attributes, &priority);
	start();
	flags(POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER);
	start();
}

static void ids_are_reset(void)
{
	if (geteuid()) {
		flags(POSIX_SPAWN_RESETIDS);
		start();
		return;
	}
	/* The report then belongs to another user. */
	close(open(found, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	chmod(found, 0666);
	if (setresgid(1, 2, 3) || setresuid(1, 2, 3))
		say(" can't");
	start();
	say(" |");
	flags(POSIX_SPAWN_RESETIDS);
	start();
	say(" |");
	posix_spawn_file_actions_addopen(&actions, 1, "/nope", O_RDONLY, 0);
	start();
	say(" %d %d", getuid(), geteuid());
}

/* The ids are reset before the first action. */
static void ids_are_reset_first(void)
{
	mkdir("private", 0700);
	make("private/file", "", 0600);
	chown("private", 2, 2);
	close(open(found, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	chmod(found, 0666);
	if (geteuid() == 0 && (setresgid(1, 2, 3) || setresuid(1, 2, 3)))
		say(" can't");
	posix_spawn_file_actions_addopen(&actions, 0, "private/file", O_RDONLY, 0);
	flags(POSIX_SPAWN_RESETIDS);
	start();
}

static void a_closed_cgroup(void)
{
	if (!optional_posix_spawnattr_setcgroup_np()) {
		say(" absent");
		return;
	}
	optional_posix_spawnattr_setcgroup_np()(&attributes, 99);
	flags(SETCGROUP);
	start();
}

/* ---- pidfds ---- */

static void a_pidfd(void)
{
	int fd = -5, status;
	if (!optional_pidfd_spawn()) {
		say(" absent");
		return;
	}
	say(" %s", number(optional_pidfd_spawn()(&fd, report, 0, 0, arguments, no_environment)));
	say(" cloexec=%d", fcntl(fd, F_GETFD));
	siginfo_t info;
	if (waitid((idtype_t)3, fd, &info, WEXITED))
		say(" %s", number(errno));
	say(" exit=%d", info.si_status);
	close(fd);
	fd = -5;
	say(" %s", number(optional_pidfd_spawn()(&fd, "/nope", 0, 0, arguments, no_environment)));
	say(" %d", fd);
	setenv("PATH", "/bin", 1);
	arguments[0] = "true", arguments[1] = 0;
	say(" %s", number(optional_pidfd_spawnp()(&fd, "true", 0, 0, arguments, no_environment)));
	say(" %d", wait(&status) > 0);
	ended(status);
}

/* ---- Limits ---- */

static void no_free_descriptor(void)
{
	struct rlimit limit = { 3, 3 };
	setrlimit(RLIMIT_NOFILE, &limit);
	start();
}

static void no_free_descriptor_for_a_session(void)
{
	flags(POSIX_SPAWN_SETSID);
	no_free_descriptor();
}

static void forbid_processes(void)
{
	struct rlimit limit = { 0, 0 };
	if (geteuid() == 0 && setresuid(12345, 12345, 12345))
		say(" can't");
	setrlimit(RLIMIT_NPROC, &limit);
}

static void no_free_process(void)
{
	forbid_processes();
	start();
}

static void *spawn_in_thread(void *unused)
{
	start();
	start_as(SEARCH, "no-such-program", &actions, &attributes);
	ended(system("exit 3"));
	FILE *stream = popen("exit 4", "r");
	ended(stream ? pclose(stream) : -1);
	return unused;
}

static void a_small_stack(void)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	if (pthread_attr_setstacksize(&small, 16384))
		say(" can't");
	/* What printf itself needs is not part of the test. */
	setvbuf(stdout, 0, _IOFBF, 65536);
	if (pthread_create(&thread, &small, spawn_in_thread, 0))
		say(" no thread");
	else
		pthread_join(thread, 0);
}

/* Returns what the calls write to standard error. */
static void what_is_written(const char *value)
{
	int fds[2];
	char text[200];
	pid_t pid;
	if (pipe2(fds, O_CLOEXEC))
		return;
	int standard_error = dup(2);
	dup2(fds[1], 2);
	close(fds[1]);
	setenv("NESTLING_VERBOSE", value, 1);
	posix_spawn(&pid, "/nope", 0, 0, arguments, no_environment);
	dup2(standard_error, 2);
	ssize_t length = read(fds[0], text, sizeof text - 1);
	text[length < 0 ? 0 : length] = 0;
	text[strcspn(text, "\n")] = 0;
	close(fds[0]);
	close(standard_error);
	say(" [%s]", text);
}

static void the_variable(void)
{
	what_is_written("1");
	what_is_written("0");
	what_is_written("");
}

/* ---- Other threads ---- */

static void *spawn_of_a_fifo(void *unused)
{
	pid_t pid;
	int status;
	posix_spawn_file_actions_addopen(&actions, 0, "fifo", O_RDONLY, 0);
	say(" %s", number(posix_spawn(&pid, report, &actions, 0, arguments, no_environment)));
	if (wait(&status) < 0)
		say(" %s", number(errno));
	else
		ended(status);
	return unused;
}

/* Returns a child of this process, or 0 if it has none. */
static pid_t find_child(void)
{
	pid_t found = 0;
	struct dirent *entry;
	DIR *processes = opendir("/proc");
	while ((entry = readdir(processes))) {
		char path[300];
		int parent = 0;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		FILE *file = atoi(entry->d_name) ? fopen(path, "re") : 0;
		if (file && fscanf(file, "%*d (%*[^)]) %*c %d", &parent) == 1 &&
		    parent == getpid())
			found = atoi(entry->d_name);
		if (file)
			fclose(file);
	}
	closedir(processes);
	return found;
}

/* The test kills a child that waits for a FIFO. */
static void a_killed_child(void)
{
	pthread_t thread;
	pid_t child;
	mkfifo("fifo", 0600);
	pthread_create(&thread, 0, spawn_of_a_fifo, 0);
	while (!(child = find_child()))
		;
	kill(child, SIGKILL);
	pthread_join(thread, 0);
}

static void *spawn_cancelled(void *unused)
{
	pthread_cancel(pthread_self());
	pid_t pid;
	int status;
	int answer = posix_spawn(&pid, report, 0, 0, arguments, no_environment);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
	say(" %s", number(answer));
	waitpid(pid, &status, 0);
	ended(status);
	return unused;
}

static void a_cancelled_spawn(void)
{
	pthread_t thread;
	pthread_create(&thread, 0, spawn_cancelled, 0);
	pthread_join(thread, 0);
}

/* ---- Versions ---- */

#if defined(__GLIBC__) && !defined(STATIC) && (defined(__x86_64__) || defined(__i386__))
#ifdef __x86_64__
#define OLDEST "GLIBC_2.2.5"
#else
#define OLDEST "GLIBC_2.2"
#endif
int oldest_posix_spawn(pid_t *, const char *, const actions_t *,
	const attributes_t *, char *const *, char *const *);
__asm__(".symver oldest_posix_spawn,posix_spawn@" OLDEST);

/* A program that was linked with an old glibc. */
static void the_oldest_version(void)
{
	pid_t pid;
	int status = 0;
	make("script", "exit 5\n", 0755);
	arguments[1] = 0;
	say(" %s", number(oldest_posix_spawn(&pid, "./script", 0, 0, arguments, environ)));
	if (wait(&status) > 0)
		ended(status);
}
#else
static void the_oldest_version(void)
{
	say(" absent");
}
#endif

/* ---- system ---- */

static void run_by_system(const char *command)
{
	int before = descriptors();
	sigset_t mask, mask_after;
	struct sigaction actions_[2];
	sigprocmask(SIG_SETMASK, 0, &mask);
	errno = 77;
	int status = system(command);
	if (status == -1)
		say(" %s", number(errno));
	else
		ended(status);
	sigprocmask(SIG_SETMASK, 0, &mask_after);
	sigaction(SIGINT, 0, &actions_[0]);
	sigaction(SIGQUIT, 0, &actions_[1]);
	say("%s%s%s", memcmp(&mask, &mask_after, 8) ? " another mask" : "",
	    descriptors() != before ? " other descriptors" : "",
	    actions_[0].sa_handler == SIG_IGN || actions_[1].sa_handler == SIG_IGN
	    ? " ignored" : "");
}

static void commands(void)
{
	run_by_system("exit 3");
	run_by_system(":");
	run_by_system("kill -TERM $$");
	run_by_system("no-such-command 2>&-");
	run_by_system("");
	setenv("GIVEN", "4", 1);
	run_by_system("exit $GIVEN");
	say(" %d", system(0));
}

static void a_command_that_begins_with_a_dash(void)
{
	run_by_system("-x 2>&-");
}

/* The command has the caller's signals; during the call, the caller ignores
 * two. */
static void signals_of_system(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, 0);
	signal(SIGINT, handler);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGCHLD, handler);
	ended(system("grep -E 'Sig(Blk|Ign)' /proc/self/status >signals"));
	FILE *file = fopen("signals", "r");
	char name[16];
	unsigned long long bits;
	while (file && fscanf(file, "%15s %llx", name, &bits) == 2)
		say(" %s%llx", name, bits & ~(3ULL << 31));
	handled = 0;
	ended(system("kill -INT $PPID; kill -QUIT $PPID"));
	say(" %d", handled);
	struct sigaction now;
	sigaction(SIGINT, 0, &now);
	say(" %d", now.sa_handler == handler);
	sigaction(SIGQUIT, 0, &now);
	say(" %d", now.sa_handler == SIG_IGN);
}

static void a_command_that_nobody_waits_for(void)
{
	signal(SIGCHLD, SIG_IGN);
	run_by_system("exit 3");
}

static void *run_in_thread(void *command)
{
	system(command);
	return 0;
}

/* Makes standard input a pipe that ends with this process, so that its readers
 * end then, too. */
static int endless_input(void)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC))
		say(" no pipe");
	dup2(fds[0], 0);
	close(fds[0]);
	return fds[1];
}

/* The thread is cancelled while its command runs; it leaves no child and no
 * signal ignored. */
static void a_cancelled_system(void)
{
	pthread_t thread;
	void *result;
	struct sigaction now;
	int fds[2], status;
	char byte;
	endless_input();
	if (pipe(fds))
		return;
	dup2(fds[1], 9);
	close(fds[1]);
	pthread_create(&thread, 0, run_in_thread, "echo >&9; exec cat");
	say(" %zd", read(fds[0], &byte, 1));
	pthread_cancel(thread);
	pthread_join(thread, &result);
	say(" %s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	pid_t left = waitpid(-1, &status, WNOHANG);
	say(" %s", left ? "no child" : "a child");
	sigaction(SIGINT, 0, &now);
	say(" %s", now.sa_handler == SIG_DFL ? "default" : "ignored");
	signal(SIGINT, SIG_DFL);
	run_by_system("exit 5");
}

static void *run_cancelled(void *command)
{
	pthread_cancel(pthread_self());
	system(command);
	return 0;
}

static void a_cancellation_before_system(void)
{
	pthread_t thread;
	void *result;
	pthread_create(&thread, 0, run_cancelled, ":");
	pthread_join(thread, &result);
	say(" %s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
}

static void *run_uncancellable(void *command)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, 0);
	pthread_cancel(pthread_self());
	return (void *)(long)system(command);
}

static void a_disabled_cancellation(void)
{
	pthread_t thread;
	void *result;
	pthread_create(&thread, 0, run_uncancellable, "exit 5");
	pthread_join(thread, &result);
	ended((int)(long)result);
}

/* ---- popen ---- */

static void read_all(FILE *stream)
{
	char text[2000];
	size_t length = fread(text, 1, sizeof text - 1, stream);
	while (length && text[length - 1] == '\n')
		length--;
	text[length] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = '/';
	say(" [%s]", text);
}

static void closed(FILE *stream)
{
	errno = 77;
	int status = pclose(stream);
	if (status == -1)
		say(" %s", number(errno));
	else
		ended(status);
}

static void streams(void)
{
	int before = descriptors();
	FILE *stream = popen("echo hello; exit 3", "r");
	say(" cloexec=%d", fcntl(fileno(stream), F_GETFD));
	read_all(stream);
	closed(stream);
	stream = popen("cat >written; exit 4", "w");
	fprintf(stream, "text");
	closed(stream);
	stream = popen("cat written", "re");
	say(" cloexec=%d", fcntl(fileno(stream), F_GETFD));
	read_all(stream);
	closed(stream);
	say("%s", descriptors() != before ? " other descriptors" : "");
}

static void modes_of_popen(void)
{
	const char *modes[] = { "", "x", "e", "r+", "rr", "rb", "er" };
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		errno = 0;
		FILE *stream = popen("exit 3", modes[i]);
		say(" %s:%s", modes[i], stream ? "" : number(errno));
		if (stream)
			closed(stream);
	}
}

static void both_modes_of_popen(void)
{
	FILE *stream = popen("exit 3", "rw");
	say(" %s", stream ? "" : number(errno));
	if (stream)
		closed(stream);
}

/* A command does not inherit the streams of earlier calls. */
static void earlier_streams(void)
{
	FILE *first = popen("cat >/dev/null", "w");
	FILE *second = popen("cat >/dev/null", "we");
	FILE *third = popen("cat >/dev/null", "w");
	closed(second);
	FILE *fourth = popen("ls /proc/self/fd | wc -l", "r");
	read_all(fourth);
	closed(fourth);
	/* These commands end, because no other command holds their pipes. */
	closed(first);
	closed(third);
}

static void a_stream_at_a_standard_number(void)
{
	close(0);
	FILE *stream = popen("readlink /proc/self/fd/1 | cut -c-4", "r");
	say(" %d", fileno(stream));
	read_all(stream);
	closed(stream);
	stream = popen("cat >written", "w");
	say(" %d", fileno(stream));
	fprintf(stream, "text");
	closed(stream);
	say(" %d", access("written", F_OK));
}

static void a_reaped_command(void)
{
	FILE *stream = popen("exit 3", "r");
	int status;
	wait(&status);
	closed(stream);
}

static void a_command_is_interrupted(void)
{
	struct sigaction action = { .sa_handler = handler };
	sigaction(SIGUSR1, &action, 0);
	FILE *stream = popen("kill -USR1 $PPID; kill -USR1 $PPID; exit 3", "w");
	closed(stream);
	say(" %d", handled == SIGUSR1);
	run_by_system("kill -USR1 $PPID; exit 4");
}

/* The libc's own popen. Its streams are known to the libc's pclose only. */
static void a_stream_of_the_libc(void)
{
#ifndef STATIC
	const char *name = dlopen("libc.so.6", RTLD_NOW) ? "libc.so.6" : "libc.so";
	void *libc = dlopen(name, RTLD_NOW);
	FILE *(*open_)(const char *, const char *) =
		(FILE *(*)(const char *, const char *))dlsym(libc, "popen");
	FILE *stream = open_("echo hello; exit 3", "r");
	read_all(stream);
	closed(stream);
#endif
}

static void no_descriptor_for_popen(void)
{
	struct rlimit limit = { 4, 4 };
	close(3);
	setrlimit(RLIMIT_NOFILE, &limit);
	errno = 0;
	FILE *stream = popen("exit 3", "r");
	say(" %s", stream ? "stream" : number(errno));
}

static void no_process_for_commands(void)
{
	forbid_processes();
	run_by_system("exit 3");
	say(" |");
	errno = 0;
	FILE *stream = popen("exit 3", "r");
	say(" %s", stream ? "stream" : number(errno));
}

static void a_null_pointer_without_processes(void)
{
	forbid_processes();
	say(" %d", system(0));
}

/* A fork in a program with threads, while another thread is in these
 * functions. */
static void after_a_fork_beside_threads(void)
{
	pthread_t thread;
	FILE *before = popen("cat", "w");
	int input = endless_input();
	/* The libcs' own system has a lock, which a fork while it begins would
	 * leave locked: the fork comes after that. */
	int fds[2];
	char byte;
	if (pipe(fds))
		return;
	dup2(fds[1], 9);
	pthread_create(&thread, 0, run_in_thread, "echo >&9; exec cat 9>&-");
	if (read(fds[0], &byte, 1) != 1)
		say(" nothing");
	for (int i = 0; i < 20; i++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			int status = system("exit 3");
			FILE *stream = popen("exit 4", "r");
			int other = pclose(stream);
			_exit(WEXITSTATUS(status) == 3 && WEXITSTATUS(other) == 4 ? 5 : 6);
		}
		int status;
		waitpid(pid, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 5)
			ended(status);
	}
	pthread_cancel(thread);
	pthread_join(thread, 0);
	/* If the cancelled thread has left its command, the command ends
	 * now. */
	close(input);
	closed(before);
}

/* ---- The reason ---- */

static void reason(void)
{
	char text[256] = "unchanged";
	size_t (*why)(char *, size_t) = optional_nestling_spawn_error();
	if (!why) {
		say(" absent");
		return;
	}
	say(" %zu %s", why(text, sizeof text), text);
	errno = 77;
	posix_spawn_file_actions_addclose(&actions, 99);
	posix_spawn_file_actions_addopen(&actions, 1, "/nope", O_RDONLY, 0);
	flags(POSIX_SPAWN_RESETIDS);
	pid_t pid;
	posix_spawn(&pid, report, &actions, &attributes, arguments, no_environment);
	say(" %zu %s", why(text, sizeof text), text);
	say(" %zu", why(0, 0));
	say(" %zu %s", why(text, 8), text);
	strcpy(text, "unchanged");
	say(" %zu", why(text, 1));
	say(" %d", text[0]);
	say(" |%s", errno == 77 ? "" : " errno");
	/* A successful spawn does not change the error. */
	posix_spawn(&pid, report, 0, 0, arguments, no_environment);
	say(" %zu", why(0, 0));
	posix_spawn(&pid, "/nope", 0, 0, arguments, no_environment);
	why(text, sizeof text);
	say(" %s", text);
}

struct situation {
	const char *name;
	void (*play)(void);
};

static const struct situation situations[] = {
	{ "the sizes of the objects", sizes },
	{ "the initial attributes", defaults },
	{ "the initial scheduling", default_scheduling },
	{ "attributes are returned as they were set", values },
	{ "scheduling is returned as it was set", scheduling_values },
	{ "unknown flags", unknown_flags },
	{ "the flag POSIX_SPAWN_SETCGROUP", flag_of_cgroups },
	{ "a cgroup is returned as it was set", cgroup_value },
	{ "negative numbers of descriptors", negative_numbers },
	{ "negative numbers for addclosefrom_np and addtcsetpgrp_np", negative_numbers_of_glibc },
	{ "addclose of a number above the limit", numbers_above_the_limit },
	{ "adddup2 to a number above the limit", dup2_above_the_limit },
	{ "a program", a_program },
	{ "a program whose id is not stored", no_id_wanted },
	{ "a program without arguments", empty_arrays },
	{ "a null pointer for the environment", null_environment },
	{ "programs that do not exist", missing_program },
	{ "a file whose format is unknown", unknown_format },
	{ "a script whose interpreter does not exist", missing_interpreter },
	{ "a script", an_interpreter },
	{ "too many arguments", too_many_arguments },
	{ "errno after a failure", errno_after_a_failure },
	{ "the signals 32 and 33", signals_of_the_libc },
	{ "searches along PATH", searches },
	{ "a search along the PATH of the caller", a_search_of_the_caller_not_of_the_child },
	{ "a search without PATH", a_search_without_path },
	{ "a search along an empty PATH", a_search_of_an_empty_path },
	{ "a search that finds what may not be executed", a_search_that_may_not_execute },
	{ "a search for a long name", a_long_name },
	{ "a search for a long name if no directory of PATH exists", a_long_name_where_no_folder_is },
	{ "addopen", an_open },
	{ "addopen of a number that is open", an_open_of_an_open_number },
	{ "addopen with O_CLOEXEC", an_open_that_closes_on_exec },
	{ "addopen of a file that does not exist", an_open_that_fails },
	{ "the paths of actions are copied", a_path_is_copied },
	{ "addclose", a_close },
	{ "adddup2", a_dup2 },
	{ "adddup2 of a descriptor to itself", a_dup2_to_itself },
	{ "adddup2 of a closed descriptor", a_dup2_of_a_closed_number },
	{ "adddup2 of a closed descriptor to itself", a_dup2_of_a_closed_number_to_itself },
	{ "adddup2 of each small number", every_small_number },
	{ "descriptors 0 and 2 are closed in the parent", descriptors_closed_in_the_parent },
	{ "addchdir_np", a_chdir },
	{ "addchdir_np to a directory that does not exist", a_chdir_to_nowhere },
	{ "a relative path of a program after addchdir_np", a_relative_program_after_a_chdir },
	{ "addfchdir_np", a_fchdir },
	{ "addchdir and addfchdir", posix_2024_names },
	{ "addclosefrom_np", a_closefrom },
	{ "addtcsetpgrp_np of what is no terminal", a_foreground_that_is_no_terminal },
	{ "six hundred actions", many_actions },
	{ "the first action that fails counts", the_first_failure_counts },
	{ "POSIX_SPAWN_SETPGROUP", a_group },
	{ "POSIX_SPAWN_SETSID", a_session },
	{ "POSIX_SPAWN_SETSID and POSIX_SPAWN_SETPGROUP", a_session_and_a_group },
	{ "attributes without their flags", no_flag_no_effect },
	{ "POSIX_SPAWN_USEVFORK", use_vfork },
	{ "POSIX_SPAWN_SETSIGMASK", a_mask },
	{ "POSIX_SPAWN_SETSIGMASK of all signals", a_full_mask },
	{ "POSIX_SPAWN_SETSIGDEF", default_signals },
	{ "a pending signal", a_pending_signal },
	{ "POSIX_SPAWN_SETSCHEDULER and POSIX_SPAWN_SETSCHEDPARAM", scheduling },
	{ "POSIX_SPAWN_RESETIDS", ids_are_reset },
	{ "POSIX_SPAWN_RESETIDS precedes the actions", ids_are_reset_first },
	{ "a cgroup that is not open", a_closed_cgroup },
	{ "pidfd_spawn and pidfd_spawnp", a_pidfd },
	{ "no free descriptor", no_free_descriptor },
	{ "no free descriptor for POSIX_SPAWN_SETSID", no_free_descriptor_for_a_session },
	{ "no free process", no_free_process },
	{ "a thread with a stack of 16 KiB", a_small_stack },
	{ "a child that is killed before its exec", a_killed_child },
	{ "posix_spawn in a thread that is cancelled", a_cancelled_spawn },
	{ "the oldest version of posix_spawn", the_oldest_version },
	{ "system", commands },
	{ "system of a command that begins with a dash", a_command_that_begins_with_a_dash },
	{ "the signals of system", signals_of_system },
	{ "system if SIGCHLD is ignored", a_command_that_nobody_waits_for },
	{ "a thread that is cancelled in system", a_cancelled_system },
	{ "a thread that is cancelled before system", a_cancellation_before_system },
	{ "system if cancellation is disabled", a_disabled_cancellation },
	{ "popen and pclose", streams },
	{ "modes of popen", modes_of_popen },
	{ "the mode rw of popen", both_modes_of_popen },
	{ "earlier streams of popen", earlier_streams },
	{ "popen if descriptor 0 is closed", a_stream_at_a_standard_number },
	{ "pclose of a command that was reaped", a_reaped_command },
	{ "a handler runs during system and pclose", a_command_is_interrupted },
	{ "pclose of a stream of the libc's", a_stream_of_the_libc },
	{ "no descriptor for popen", no_descriptor_for_popen },
	{ "no free process for system and popen", no_process_for_commands },
	{ "system of a null pointer if no process is free", a_null_pointer_without_processes },
	{ "system and popen after fork beside threads", after_a_fork_beside_threads },
	{ "nestling_spawn_error", reason },
	{ "NESTLING_VERBOSE", the_variable },
};

int main(int count, char **words)
{
	if (count < 2) {
		fprintf(stderr, "usage: functions REPORT\n");
		return 2;
	}
	report = words[1];
	/* The program must not depend on the signals that its caller
	 * ignores, the libc's own signals included. */
	for (int signal = 1; signal <= 64; signal++) {
		long by_default[8] = { 0 };
		syscall(SYS_rt_sigaction, signal, by_default, 0, 8);
	}
	char *folder = getcwd(0, 0);
	snprintf(found, sizeof found, "%s/found", folder);
	setvbuf(stdout, 0, _IOFBF, 65536);
	for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
		const struct situation *situation = &situations[i];
		printf("%s:", situation->name);
		fflush(stdout);
		arguments[0] = "report", arguments[1] = found, arguments[2] = "x";
		pid_t pid = fork();
		if (pid == 0) {
			posix_spawnattr_init(&attributes);
			posix_spawn_file_actions_init(&actions);
			situation->play();
			posix_spawn_file_actions_destroy(&actions);
			posix_spawnattr_destroy(&attributes);
			fflush(stdout);
			_exit(0);
		}
		int status = 0;
		waitpid(pid, &status, 0);
		if (status)
			ended(status);
		printf("\n");
	}
	free(folder);
	return 0;
}
