# Asynchronous lists and job control, signals, and the execution environment.

=== {0} [{3}]
{1}
---
{2}
+++
without job control a list's standard input is empty => echo a | { cat & wait; echo b; } => b => 2.11
without job control a list's redirection of standard input counts => cat <<E & wait␤a␤E => a => 2.11
a job is in the shell's process group without job control => x=$(ps -o pgid= -p $$ 2>/dev/null || echo s); y=$($SH -c 'ps -o pgid= -p $$ 2>/dev/null || echo s'); [ $x = $y ] && echo same => same => 2.11
a trap is executed after the command during which the signal comes => trap 'echo trap' USR1; $SH -c "kill -s USR1 $$"; echo after => trap␤after => 2.12
a trap is executed when the shell signals itself => trap 'echo trap' TERM; kill -s TERM $$; echo after => trap␤after => 2.12
a signal that ends the shell does so => $SH -c 'kill -s TERM $$; echo no'; test $? -gt 128 && echo yes => yes => 2.12
a signal that is ignored does nothing => trap '' TERM; kill -s TERM $$; echo after => after => 2.12
a signal ignored by the shell is ignored by its commands => trap '' TERM; $SH -c 'kill -s TERM $$; echo child' => child => 2.12
a signal ignored by the shell is ignored by its subshells => trap '' USR1; (kill -s USR1 $($SH -c 'echo $PPID'); echo sub) => sub => 2.12
a signal with a trap has its default action in commands => trap 'echo no' TERM; $SH -c 'kill -s TERM $$; echo no2'; test $? -gt 128 && echo yes => yes => 2.12
a signal with a trap has its default action in a subshell => trap 'echo no' USR1; (kill -s USR1 $($SH -c 'echo $PPID'); echo no2) 2>/dev/null; test $? -gt 128 && echo yes => yes => 2.12
a signal that is ignored when the shell starts can not be trapped => trap '' TERM; $SH -c 'trap "echo no" TERM; kill -s TERM $$; echo after' => after => 2.12
a signal that is ignored when the shell starts can not be set to its default => trap '' TERM; $SH -c 'trap - TERM; kill -s TERM $$; echo after' => after => 2.12
wait is ended by a signal with a trap, with a status over 128 => trap 'echo trap' USR1; mkfifo p; { read x <p; } & kill -s USR1 $$ & wait $! ; echo done; echo >p; wait => trap␤done => 2.11
the environment of a utility has the open files => exec 3>f; $SH -c 'echo a >&3'; cat f => a => 2.13
the environment of a utility has the working directory => mkdir d; cd d; test "$($SH -c pwd)" = "$PWD" && echo yes => yes => 2.13
the environment of a utility has the umask => umask 027; $SH -c umask => 0027 => 2.13
the environment of a utility has exported variables => export x=1; y=2; $SH -c 'echo $x$y' => 1 => 2.13
the environment of a utility has not the shell's functions => ff() { :; }; $SH -c ff 2>/dev/null; echo $? => 127 => 2.13
the environment of a utility has not the shell's options => set -f; $SH -c 'case $- in *f*) echo on;; *) echo off;; esac' => off => 2.13
a subshell has the traps that ignore => trap '' USR1; (trap) => trap -- '' USR1 => 2.13
a subshell has the working directory => cd /; (pwd) => / => 2.13
a subshell has the functions, aliases and options => f() { echo a; }; set -f; (f; echo *) => a␤* => 2.13
a subshell has the positional parameters => set a b; (echo $#) => 2 => 2.13
a subshell has the last status and background process => (exit 3); (echo $?) => 3 => 2.13
a subshell knows $! of the shell => : & x=$!; (test $! = $x) && echo yes => yes => 2.13
a subshell has variables that are not exported => x=1; (echo $x) => 1 => 2.13
a read-only variable is read-only in a subshell => readonly x=1; (x=2) 2>/dev/null || echo fails => fails => 2.13
changes made by a pipeline's first command do not affect the shell => x=1; { x=2; } | :; echo $x => 1 => 2.13
changes made in an asynchronous list do not affect the shell => x=1; { x=2; } & wait; echo $x => 1 => 2.13
wait in a subshell does not know the shell's children => (exit 3) & x=$!; (wait $x; echo $?) => 127 => 2.13
$$ is not changed in a subshell => test $$ = "$(echo $$)" && echo yes => yes => 2.13
a shell gets an exported variable's later value => export x=1; x=2; $SH -c 'echo $x' => 2 => 2.13
a variable whose name is no name is kept in the environment, or not: the shell starts => env 'a-b=1' $SH -c 'echo ok' => ok => 2.13

=== with set -m, a background job has a process group of its own [2.11]
set -m
$SH -c 'ps -o pgid= -p $$' >f &
wait $!
read x <f
test "$x" = "$!" && echo yes
--- 0 any
yes

=== set -m does not empty the standard input of asynchronous lists [2.11]
set -m
echo a >f
exec <f
cat &
wait $!
--- 0 any
a

=== kill with a job's number signals the job's process group [2.11]
set -m
mkfifo p
{ cat p; echo no; } 2>/dev/null &
kill %1
wait $! 2>/dev/null
test $? -gt 128 && echo yes
--- 0 any
yes

=== a stopped job is continued by bg [2.11]
set -m
$SH -c 'kill -s STOP $$; echo continued' >f 2>&1 &
x=$!
while case $(jobs %1 2>/dev/null) in *Running*|'') true;; *) false;; esac; do :; done
bg %1 >/dev/null 2>&1
wait $x
cat f
--- 0 any
continued
