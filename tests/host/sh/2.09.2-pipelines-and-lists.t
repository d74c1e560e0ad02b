# Pipelines and lists.

=== {0} [2.9.2]
{1}
---
{2}
+++
a pipe connects output and input => echo a | cat => a
a pipeline of three => printf 'b\na\n' | sort | tr ab xy => x␤y
the exit status is the last command's => false | true; echo $? => 0
the exit status is the last command's also if it fails => true | (exit 3); echo $? => 3
! negates a status of 0 => ! true; echo $? => 1
! negates another status => ! false; echo $? => 0
! negates the status of a whole pipeline => ! true | false; echo $? => 0
! before a subshell => ! (exit 3); echo $? => 0
! before a brace group => ! { false; }; echo $? => 0
! before a command that is not found => ! no_such_command 2>/dev/null; echo $? => 0
! before an assignment => ! x=1; echo $? $x => 1 1
a compound command may be in a pipeline => { echo a; echo b; } | while read x; do echo "<$x>"; done => <a>␤<b>
a function may be in a pipeline => f() { tr a b; }; echo a | f => b
built-ins may be in a pipeline => echo a | read x; echo $? => 0
a newline may follow | => echo a |␤cat => a
newlines and comments may follow | => echo a | # comment␤␤cat => a
the commands of a pipeline run at the same time => mkfifo p; { echo a >p; echo b; } | { cat p; cat; } => a␤b
a first command that is not the last in a pipeline is in a subshell => x=1; x=2 | cat; echo $x => 1
exit in a pipeline does not end the shell => exit 3 | cat; echo a => a
cd in a pipeline does not change the directory => cd / | cat; test "$PWD" = "$(pwd -P)" && test "$PWD" != / && echo yes => yes
a writer whose reader ends is ended by SIGPIPE => { while :; do echo y; done; } 2>/dev/null | head -n 1 => y
standard error does not go through the pipe => { echo a >&2; } 2>/dev/null | cat; echo b => b
a pipeline's commands share standard input with the shell only if first => echo a | { true | cat; cat; } => a
a pipeline may follow a reserved word => if echo a | grep -q a; then echo yes; fi => yes
a long pipeline => echo a | cat | cat | cat | cat | cat | cat | cat | cat => a
a pipeline waits for all its commands, or at least for the last => { echo a >f; } | cat; cat f => a
with set -o pipefail the status is that of the last command that fails => set -o pipefail; (exit 3) | (exit 4) | true; echo $? => 4
with set -o pipefail the status is 0 if all succeed => set -o pipefail; true | true; echo $? => 0
with set -o pipefail the status of the first counts => set -o pipefail; (exit 3) | true | true; echo $? => 3
with set -o pipefail the status of the last counts => set -o pipefail; (exit 3) | true | (exit 5); echo $? => 5
with set -o pipefail ! negates => set -o pipefail; ! false | true; echo $? => 0
with set +o pipefail the last status counts again => set -o pipefail; set +o pipefail; false | true; echo $? => 0
set -o pipefail and set -e end the shell => (set -e -o pipefail; false | true; echo no); echo $? => 1

=== {0} [2.9.3]
{1}
---
{2}
+++
; executes one after the other => echo a; echo b => a␤b
; may end a list => echo a; => a
&& executes the next if the former succeeds => true && echo a => a
&& does not execute the next if the former fails => false && echo a; echo b => b
|| executes the next if the former fails => false || echo a => a
|| does not execute the next if the former succeeds => true || echo a; echo b => b
&& and || have the same precedence and go from left to right: false && a || b => false && echo a || echo b => b
&& and || have the same precedence and go from left to right: true || a && b => true || echo a && echo b => b
&& and || have the same precedence and go from left to right: false || a && b => false || echo a && echo b => a␤b
&& and || have the same precedence and go from left to right: true && a || b => true && echo a || echo b => a
the status of && is that of the last command executed => true && (exit 3); echo $? => 3
the status of && is that of the first if it fails => (exit 3) && true; echo $? => 3
the status of || is that of the last command executed => false || (exit 3); echo $? => 3
the status of || is that of the first if it succeeds => true || false; echo $? => 0
a newline may follow && => true &&␤echo a => a
a newline may follow || => false ||␤echo a => a
comments and newlines may follow && => true && # comment␤␤echo a => a
! is part of a pipeline in a list => ! false && echo a => a
! binds closer than || => ! true || echo a => a
a pipeline may be in a list => false | true && echo a => a
$? is seen by the next command of the list => (exit 3) || echo $? => 3
& starts an asynchronous list => echo a >f & wait; cat f => a
the status of an asynchronous list is 0 => false & echo $? => 0
$! is the process id of an asynchronous list => (exit 3) & wait $!; echo $? => 3
an asynchronous and-or list is one job => false || (exit 4) & wait $!; echo $? => 4
an asynchronous list is in a subshell => x=1; x=2 & wait; echo $x => 1
an asynchronous list does not read the shell's standard input without job control => echo a | { cat & wait; cat; } => a
an asynchronous list may redirect its standard input => echo a >f; cat <f & wait => a
an asynchronous compound command does not read the shell's standard input => echo a | { { cat; } & wait; cat; } => a
& may stand between commands => : & echo a; wait => a
several asynchronous lists run at the same time => mkfifo p; echo a >p & cat p & wait => a
an asynchronous list of a brace group => { echo a; exit 3; } & wait $!; echo $? => a␤3
an asynchronous list of a function => f() { echo a; return 3; }; f & wait $!; echo $? => a␤3
an asynchronous list of a command that is not found => no_such_command 2>/dev/null & wait $!; echo $? => 127
an asynchronous list in a condition => if : & then echo a; fi; wait => a
exit in an asynchronous list does not end the shell => exit 3 & wait $!; echo $? => 3
the shell does not wait for an asynchronous list => mkfifo p; cat p & echo a >p; wait => a
SIGINT is ignored by an asynchronous list without job control => $SH -c 'kill -s INT $$; echo a' & wait $! => a
SIGQUIT is ignored by an asynchronous list without job control => $SH -c 'kill -s QUIT $$; echo a' & wait $! => a
SIGTERM is not ignored by an asynchronous list => $SH -c 'kill -s TERM $$; echo a' & wait $!; test $? -gt 128 && echo b => b

=== a pipeline in the background is waited for by its last command's id [2.9.3]
mkfifo p
cat p | cat >f &
echo a >p
wait $!
cat f
---
a

=== a list may be continued over lines after each operator [2.9.3]
true &&
false ||
echo a |
cat
---
a

=== a child that has ended is reaped before {0} [2.9.3.1]
$SH -c 'exit 3' & p=$!
while {1}; do :; done
wait $p; echo $?
---
3
+++
kill => kill -0 $p 2>/dev/null
kill of a program => env kill -0 $p 2>/dev/null
kill in a subshell => (kill -0 $p) 2>/dev/null
kill in a function => f() { kill -0 $p 2>/dev/null; }; f
kill in a list => : && kill -0 $p 2>/dev/null
kill in eval => eval 'kill -0 $p' 2>/dev/null
kill in a pipeline => : | kill -0 $p 2>/dev/null
test => test -d /proc/$p
the conditional command => [[ -d /proc/$p ]]
a redirection => { true </proc/$p/stat; } 2>/dev/null
a program's redirection => env true 2>/dev/null </proc/$p/stat
pathname expansion => set -- /proc/$p*; test "$1" = /proc/$p
a program => ls -d /proc/$p >/dev/null 2>&1

=== children that end while the shell waits for another are reaped: {0} [2.9.3.1]
$SH -c 'exit 3' & p=$!
$SH -c 'exit 4' & q=$!
{1}
wait $p; echo $?; wait $q; echo $?
---
3
4
+++
a subshell => (while kill -0 $p || kill -0 $q; do :; done) 2>/dev/null
a program => $SH -c 'while kill -0 $0 || kill -0 $1; do :; done' $p $q 2>/dev/null
a pipeline => : | while kill -0 $p || kill -0 $q; do :; done 2>/dev/null
a command substitution => x=$(while kill -0 $p || kill -0 $q; do :; done 2>/dev/null)
a here-document => : <<E␤$(while kill -0 $p || kill -0 $q; do :; done 2>/dev/null)␤E
read => mkfifo f; (while kill -0 $p || kill -0 $q; do :; done; echo >f) 2>/dev/null & read x <>f

=== a command substitution does not lose the status of a child that ended before [2.6.3]
(exit 3) & p=$!
x=$(exit 4); echo $?
x=$(exit 5; :); echo $?
x=$(:; exit 6) || echo $?
wait $p; echo $?
---
4
5
6
3

=== the statuses of a pipeline are those of its processes, even if others end at the same time [2.9.2]
set -o pipefail
(exit 3) & p=$!
(exit 4) & q=$!
{ while kill -0 $p || kill -0 $q; do :; done; exit 5; } 2>/dev/null | true; echo $?
wait $q; echo $?
wait $p; echo $?
---
5
4
3

=== a signal is not sent to a job's process that was reaped [kill]
: & p=$!
while kill -0 $p 2>/dev/null; do :; done
$SH -c 'kill -s STOP $$' & wait -n 2>/dev/null
kill -s KILL %2 2>/dev/null; echo sent
kill %1 2>/dev/null; kill $p 2>/dev/null || echo none
---
sent
none

=== with pipefail, a failure of echo that writes to a pipe counts [2.9.2]
set -o pipefail
printf %d x 2>/dev/null | cat; echo " $?"
false | cat; echo $?
true | false | cat; echo $?
---
0 1
1
1

=== an element of a pipeline has the same effect with and without a process: {0} [2.9.2]
{1}
---
{2}
+++
the first element's process id is not the shell's => { read -r p _ </proc/self/stat; echo $p; } | { read x; [ $x != $$ ] && echo other; } => other
the parent of a program is the shell => $SH -c 'echo $PPID' | { read x; [ $x = $$ ] && echo same; } => same
$$ is the shell's => echo $$ | { read x; [ $x = $$ ] && echo same; } => same
RANDOM is not gone on with => RANDOM=5; x=$RANDOM; RANDOM=5; echo $RANDOM | cat >f; [ $RANDOM = $x ] && echo same => same
SECONDS => SECONDS=0; SECONDS=100 | :; [ $SECONDS -lt 50 ] && echo 0 => 0
an assignment in an expansion => echo ${x=1} $((y=2)) | cat; echo "<$x$y>" => 1 2␤<>
an assignment in the expansion of a program's word => env echo ${x=1} $((y=2)) | cat; echo "<$x$y>" => 1 2␤<>
an unset parameter that must be set => { echo ${x?} | cat; } 2>/dev/null; echo on => on
the directory => cd /; cd /tmp | :; pwd => /
umask => umask 022; umask 077 | :; umask => 0022
positional parameters => set a; set b c | :; echo $# => 1
remembered locations => env | cat >f; case $(hash) in */env*) echo some;; *) echo none;; esac => none
exec => exec echo a | cat; echo b => a␤b
exit => echo a | exit 3 | cat; echo $? => 0
a trap on EXIT => { trap 'echo in' EXIT; :; } | cat => in
a redirection elsewhere => echo a >f | cat; cat f => a
a redirection of its errors => echo a 2>&1 | cat => a
the status of the last => false | true; echo $?; echo a | false; echo $? => 0␤1
pipefail => set -o pipefail; false | true; echo $?; echo a | false | true; echo $? => 1␤1
a reader that does not read => echo a | :; echo $? => 0
no reader for a long text => set -o pipefail; printf %200000d 1 | :; [ $? -gt 128 ] && echo ended => ended
aliases => alias e='echo al'␤e | cat => al
a trace => exec 2>f; set -x; echo a | cat >g; set +x; grep -c 'echo a' f => 1
with standard output closed => exec 3>&1 >&-; echo a | cat >&3 => a

=== an asynchronous list has the same effect however its process was made: {0} [2.9.3.1]
{1}
---
{2}
+++
the parent of a program is the shell => $SH -c 'echo $PPID' >f & wait; [ $(cat f) = $$ ] && echo same => same
its process is $! => $SH -c 'echo $$' >f & wait; [ $(cat f) = $! ] && echo same => same
an assignment alone => x=1 & wait; echo "<$x>" => <>
an assignment in an expansion => env echo ${x=1} $((y=2)) & wait; echo "<$x$y>" => 1 2␤<>
an assignment before a program => x=1 env printenv x & wait; echo "<$x>" => 1␤<>
$! in its words is the one before => : & x=$!; env echo $! >f & wait; [ $(cat f) = $x ] && echo same => same
an unset parameter that must be set => { : ${x?} & wait $!; } 2>/dev/null || echo on => on
RANDOM is not gone on with => RANDOM=5; x=$RANDOM; RANDOM=5; env echo $RANDOM >f & wait; [ $RANDOM = $x ] && echo same => same
a redirection that fails => env echo a 2>/dev/null </nonexistent & wait $! || echo failed => failed
a program that is not found => no_such_program 2>/dev/null & wait $!; echo $? => 127
remembered locations => env >f & wait; case $(hash) in */env*) echo some;; *) echo none;; esac => none
standard input is empty => echo x | { cat & wait; } => 
its exit status by a signal => $SH -c 'kill -s KILL $$' & wait $!; [ $? -gt 128 ] && echo killed => killed
the status of a pipeline's last element => $SH -c 'exit 3' | $SH -c 'exit 4' & wait $!; echo $? => 4
SIGINT and SIGQUIT are ignored => $SH -c 'kill -s INT $$; kill -s QUIT $$; echo on' & wait => on

=== a subshell that comes last has the same effect with and without a process: {0} [2.9.4.1]
{1}
---
{2}
+++
its exit status => ( (exit 3) ); echo $? => 3
the subshell outside has a trap on EXIT => (trap 'echo out' EXIT; (trap 'echo in' EXIT; :)) => in␤out
umask => umask 022; (umask 077; (umask 0; umask); umask) => 0000␤0077
a child of the subshell outside => ( (exit 3) & (wait $!; echo $?) ) => 127
$! => ( : & x=$!; (: & [ $! != $x ] && echo other) ) => other
a signal is ignored => (trap '' TERM; ($SH -c 'kill -s TERM $PPID'; echo on)) => on
a trapped signal has its default action => (trap 'echo no' USR1; (kill -s USR1 $($SH -c 'echo $PPID'); echo no) 2>/dev/null; [ $? -gt 128 ] && echo ended) => ended
the program that it ends with has the parent of a process => ( (read -r p _ </proc/self/stat; $SH -c "[ \$\$ = $p ] && echo became") ) => became
