/*
 * Calls posix_spawn, system and popen in many threads, beside one that forks,
 * one that cancels threads in system, and one that sends signals. Says what is
 * left over afterwards.
 *
 *     stress REPORT THREADS ROUNDS
 *
 * With no THREADS the main thread does it, and there is no other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *report;
static int rounds;
static atomic_int running, wrong;

static void expect(int is_right, const char *what, int number)
{
	if (!is_right && wrong++ < 10)
		fprintf(stderr, "%s: %d\n", what, number);
}

static void *spawn(void *unused)
{
	char *arguments[] = { report, 0 };
	for (int i = 0; i < rounds; i++) {
		pid_t pid;
		int status = 0;
		/* Each tenth one fails, and each hundredth one is of another kind. */
		if (i % 100 == 50) {
			FILE *stream = popen("exit 3", i % 200 == 50 ? "r" : "we");
			expect(stream && pclose(stream) == 3 << 8, "popen", errno);
			status = system("exit 4");
			expect(status == 4 << 8, "system", status);
		} else if (i % 10 == 5) {
			posix_spawn_file_actions_t actions;
			posix_spawn_file_actions_init(&actions);
			posix_spawn_file_actions_addopen(&actions, 0, "/nope", O_RDONLY, 0);
			int answer = posix_spawn(&pid, report, &actions, 0, arguments, environ);
			expect(answer == ENOENT, "a failing posix_spawn", answer);
			posix_spawn_file_actions_destroy(&actions);
		} else {
			int answer = posix_spawn(&pid, report, 0, 0, arguments, environ);
			expect(answer == 0, "posix_spawn", answer);
			expect(waitpid(pid, &status, 0) == pid, "waitpid", errno);
			expect(status == 7 << 8, "a status", status);
		}
	}
	running--;
	return unused;
}

static void *fork_until_the_others_end(void *unused)
{
	while (running) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		expect(pid > 0 && waitpid(pid, 0, 0) == pid, "fork", errno);
	}
	return unused;
}

static void *call_system(void *command)
{
	while (command)
		system(command);
	return 0;
}

/* Each second command does not end by itself. */
static void *cancel_until_the_others_end(void *unused)
{
	char *commands[] = { "exit 0", "kill -STOP $$" };
	for (int i = 0; running; i++) {
		pthread_t thread;
		void *result;
		expect(!pthread_create(&thread, 0, call_system, commands[i % 2]), "a thread", i);
		/* A fork takes about as long as a command. */
		for (int forks = i % 5; forks; forks--) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			expect(pid > 0 && waitpid(pid, 0, 0) == pid, "fork", errno);
		}
		pthread_cancel(thread);
		pthread_join(thread, &result);
		expect(result == PTHREAD_CANCELED, "a cancellation", i);
	}
	return unused;
}

static pthread_t threads[64];
static int number;

static void *signal_until_the_others_end(void *unused)
{
	while (running) {
		for (int i = 0; i < number; i++)
			pthread_kill(threads[i], SIGUSR1);
		sched_yield();
	}
	return unused;
}

static void handle(int unused)
{
	(void)unused;
}

static int is_default(int signal)
{
	struct sigaction action;
	return !sigaction(signal, 0, &action) && action.sa_handler == SIG_DFL;
}

static int descriptors(void)
{
	int sum = 0;
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			sum += 1000 + fd;
	return sum;
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	void *(*others[])(void *) = { fork_until_the_others_end, cancel_until_the_others_end,
				      signal_until_the_others_end };
	enum { OTHERS = sizeof others / sizeof *others };
	pthread_t beside[OTHERS];
	int before = descriptors();
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	sigaction(SIGUSR1, &action, 0);
	report = words[1], number = atoi(words[2]), rounds = atoi(words[3]), running = number;
	for (int i = 0; i < number; i++)
		pthread_create(&threads[i], 0, spawn, 0);
	for (int i = 0; number && i < OTHERS; i++)
		pthread_create(&beside[i], 0, others[i], 0);
	for (int i = 0; number && i < OTHERS; i++)
		pthread_join(beside[i], 0);
	for (int i = 0; i < number; i++)
		pthread_join(threads[i], 0);
	if (!number)
		spawn(0);
	expect(descriptors() == before, "descriptors", descriptors() - before);
	expect(wait(0) == -1 && errno == ECHILD, "a child", errno);
	expect(is_default(SIGINT) && is_default(SIGQUIT), "an ignored signal", 0);
	return wrong ? 1 : 0;
}
