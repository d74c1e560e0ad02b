/*
 * Calls posix_spawn, system or popen. With numbers of system calls it does so in
 * a process for each of them, in which the kernel refuses this system call, by a
 * filter. Prints a line for each refusal that is noticed, and for each fault.
 *
 *     faults posix_spawn|session|system|popen [NUMBER...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a call came to, in memory that the processes share. */
struct outcome {
	int is_done, error, status, leaves_child, leaves_descriptor, leaves_mask;
};

static void refuse(int number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EUSERS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
}

static void spawn_with(struct outcome *outcome, int flag)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	char *arguments[] = { "true", 0 };
	pid_t pid;
	sigemptyset(&set);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &set);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
		POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_RESETIDS | flag);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 0, 7);
	posix_spawn_file_actions_addclose(&actions, 7);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	outcome->error = posix_spawn(&pid, "/bin/true", &actions, &attributes, arguments, environ);
	if (!outcome->error)
		waitpid(pid, &outcome->status, 0);
	posix_spawn_file_actions_destroy(&actions);
}

static void spawn(struct outcome *outcome)
{
	spawn_with(outcome, POSIX_SPAWN_SETPGROUP);
}

/* For a new session the library makes a pipe. */
static void session(struct outcome *outcome)
{
	spawn_with(outcome, POSIX_SPAWN_SETSID);
}

static void run(struct outcome *outcome)
{
	errno = 0;
	outcome->status = system("exit 3");
	outcome->error = outcome->status == -1 ? errno : 0;
}

static void stream(struct outcome *outcome)
{
	errno = 0;
	FILE *stream = popen("exit 3", "r");
	outcome->error = errno;
	if (!stream)
		return;
	outcome->error = 0;
	errno = 0;
	outcome->status = pclose(stream);
	outcome->error = outcome->status == -1 ? errno : 0;
}

static int descriptors(void)
{
	int sum = 0;
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			sum += 1000 + fd;
	return sum;
}

/* Calls the function in a process that may not make this system call. */
static void play(const char *name, void (*call)(struct outcome *), int number,
		 struct outcome *outcome)
{
	memset(outcome, 0, sizeof *outcome);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t mask, after;
		sigprocmask(SIG_SETMASK, 0, &mask);
		int before = descriptors();
		refuse(number);
		call(outcome);
		/* What the filter lets through can be asked for. */
		if (number != SYS_wait4)
			outcome->leaves_child = waitpid(-1, 0, WNOHANG) >= 0;
		if (number != SYS_fcntl && number != SYS_close)
			outcome->leaves_descriptor = descriptors() != before;
		if (!sigprocmask(SIG_SETMASK, 0, &after))
			outcome->leaves_mask = memcmp(&mask, &after, 8);
		outcome->is_done = 1;
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	if (!outcome->is_done)
		printf("%s %d: ended by %x\n", name, number, status);
	else if (outcome->leaves_child || outcome->leaves_descriptor || outcome->leaves_mask)
		printf("%s %d: left over %d %d %d\n", name, number, outcome->leaves_child,
		       outcome->leaves_descriptor, outcome->leaves_mask);
	else if (outcome->error == EUSERS)
		printf("%s %d: refused\n", name, number);
	else if (outcome->error)
		printf("%s %d: error %d\n", name, number, outcome->error);
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		void (*play)(struct outcome *);
	} calls[] = { { "posix_spawn", spawn }, { "session", session },
		      { "system", run }, { "popen", stream } };
	struct outcome *outcome = mmap(0, sizeof *outcome, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, 0, _IOLBF, 4096);
	for (size_t i = 0; count > 1 && i < sizeof calls / sizeof *calls; i++) {
		if (strcmp(calls[i].name, words[1]))
			continue;
		if (count == 2)
			calls[i].play(outcome);
		for (int word = 2; word < count; word++)
			play(words[1], calls[i].play, atoi(words[word]), outcome);
		return 0;
	}
	return 2;
}
