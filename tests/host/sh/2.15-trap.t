# The special built-in utility trap.

=== {0} [trap]
{1}
--- 0 {3}
{2}
+++
a trap on EXIT is executed when the shell ends => trap 'echo trap' EXIT; echo a => a␤trap
a trap on 0 is one on EXIT => trap 'echo trap' 0; echo a => a␤trap
a trap on EXIT is executed on exit => trap 'echo trap' EXIT; exit => trap
a trap on EXIT sees the exit status => (trap 'echo $?' EXIT; exit 3) || : => 3
a trap on EXIT does not change the exit status => (trap 'false' EXIT; exit 3); echo $? => 3
a trap on EXIT may change the exit status by exit => (trap 'exit 4' EXIT; :); echo $? => 4
a trap on EXIT of the shell is not executed by a subshell => trap 'echo trap' EXIT; (echo sub) => sub␤trap
a trap on EXIT of the shell is not executed by a command substitution => trap 'echo trap' EXIT; x=$(echo sub); echo $x => sub␤trap
a trap on EXIT of the shell is not executed by an asynchronous list => trap 'echo trap' EXIT; { echo sub; } & wait => sub␤trap
a trap on EXIT of the shell is not executed by a pipeline's command => trap 'echo trap' EXIT; { echo sub; } | cat => sub␤trap
a trap on EXIT of a subshell is executed by it => (trap 'echo trap' EXIT; echo sub); echo a => sub␤trap␤a
a trap on EXIT set in a function is the shell's => f() { trap 'echo trap' EXIT; }; f; echo a => a␤trap
a trap on EXIT set anew replaces the old => trap 'echo no' EXIT; trap 'echo b' EXIT => b
a trap on EXIT may set a trap on EXIT anew => trap 'trap "echo no more" 0; echo b' 0; exit | cat; trap - 0
a trap on EXIT sees variables as they are at that time => x=1; trap 'echo $x' EXIT; x=2 => 2
a trap's action in double-quotes is expanded when it is set => x=1; trap "echo $x" EXIT; x=2 => 1
a trap's action in a signal => trap 'echo trap' USR1; kill -s USR1 $$; echo a => trap␤a
a trap by a signal's number => trap 'echo trap' 15; kill -s TERM $$; echo a => trap␤a
a trap on several conditions => trap 'echo trap' USR1 USR2; kill -s USR1 $$; kill -s USR2 $$ => trap␤trap
a trap on all of HUP INT QUIT TERM by numbers => trap 'echo trap' 1 2 3 15; kill -1 $$; kill -2 $$; kill -3 $$; kill -15 $$ => trap␤trap␤trap␤trap
a trap's action keeps $? => trap 'false' USR1; kill -s USR1 $$; echo $? => 0
a trap's action sees $? of the command before => trap 'echo $?' USR1; (kill -s USR1 $$; exit 3); echo $? => 3␤3
a trap's action may have several commands => trap 'echo a; echo b' USR1; kill -s USR1 $$ => a␤b
a trap's action may have several lines => trap 'echo a␤echo b' USR1; kill -s USR1 $$ => a␤b
a trap's action may be a function's call => f() { echo trap; }; trap f USR1; kill -s USR1 $$ => trap
a trap's action may change variables => trap 'x=1' USR1; kill -s USR1 $$; echo $x => 1
a trap's action may exit => (trap 'exit 3' USR1; kill -s USR1 $($SH -c 'echo $PPID'); echo no); echo $? => 3
a trap's action in a loop may break out of it, or not: the loop ends => trap 'x=1' USR1; x=; while [ ! "$x" ]; do kill -s USR1 $$; done; echo end => end
an empty action ignores the signal => trap '' USR1; kill -s USR1 $$; echo a => a
- resets the signal => trap 'echo no' USR1; trap - USR1; $SH -c 'kill -s USR1 $$; echo no'; test $? -gt 128 && echo yes => yes => any
- resets several => trap 'echo no' USR1 EXIT; trap - USR1 EXIT; echo a => a
a number as the first operand resets => trap 'echo no' USR1 0; trap 0; trap | grep -c EXIT || : => 0
numbers as all operands reset => trap 'echo no' 1 2; trap 1 2; trap
a trap on EXIT with - is not executed => trap 'echo no' EXIT; trap - EXIT; echo a => a
trap without operands lists traps that can be read again => trap 'echo "a b"' USR1; x=$(trap); trap - USR1; eval "$x"; kill -s USR1 $$ => a b
trap lists the EXIT trap => trap 'echo a' EXIT; trap | sed 's/ SIG/ /'; trap - EXIT => trap -- 'echo a' EXIT
trap lists a signal's trap without SIG => trap 'echo a' USR1; trap => trap -- 'echo a' USR1
trap lists an ignored signal => trap '' USR1; trap => trap -- '' USR1
trap lists an action with a single-quote so that it can be read => trap "echo 'a b'" USR1; x=$(trap); trap - USR1; eval "$x"; kill -s USR1 $$ => a b
trap in a command substitution lists the shell's traps => trap 'echo a' USR1; x=$(trap); echo "$x" => trap -- 'echo a' USR1
trap in a subshell lists the shell's traps until it changes one => trap 'echo a' USR1; (trap) => trap -- 'echo a' USR1
trap -p without operands lists all conditions => trap 'echo a' USR1; trap -p | grep -c USR1 => 1
trap -p with an operand lists that => trap 'echo a' USR1; trap 'echo b' USR2; trap -p USR1 => trap -- 'echo a' USR1
trap has the status 0 => trap : USR1; echo $? => 0
trap -- is allowed => trap -- 'echo a' EXIT => a
an action that begins with - is allowed after -- => trap -- '-x 2>/dev/null; echo a' EXIT => a
an invalid signal is a status greater than 0 => trap : NOSUCHSIGNAL 2>/dev/null || echo fails => fails
a trap is reset in a subshell to the default => trap 'echo no' USR1; $SH -c ':'; (trap - USR1; trap)
a trap set in a subshell is executed there => (trap 'echo a' USR1; kill -s USR1 $($SH -c 'echo $PPID'); echo b) => a␤b
a signal during a foreground command has the trap wait for its end => trap 'echo trap' USR1; $SH -c "kill -s USR1 $$; echo child"; echo end => child␤trap␤end
a trap in a function is executed within it => f() { kill -s USR1 $$; echo f; }; trap 'echo trap' USR1; f => trap␤f
a return in a trap's action in a function leaves the function => f() { kill -s USR1 $$; echo no; }; trap 'return 3' USR1; f; echo $? => 3
a trap's positional parameters in a function are the function's => f() { kill -s USR1 $$; }; trap 'echo $1' USR1; set a; f b => b
traps are not inherited by a shell => trap 'echo no' EXIT; $SH -c 'echo a'; trap - EXIT => a
a trap on CHLD may be set => trap : CHLD; true; echo a => a
a trap on KILL or STOP is an error or has no effect => $SH -c 'trap "echo no" KILL 2>/dev/null; kill -s KILL $$'; test $? -gt 128 && echo yes => yes => any
the EXIT trap is executed after a syntax error or not, but once at most => $SH -c 'trap "echo t" EXIT; eval "if"' 2>/dev/null | grep -c t | tr 1 0 => 0
the EXIT trap is executed at set -e's end => $SH -c 'set -e; trap "echo t" EXIT; false' || echo $? => t␤1
a trap on EXIT with a signal's default action is not executed => $SH -c 'trap "" INT; trap "echo t" EXIT; kill -s KILL $$'; test $? -gt 128 && echo yes => yes => any
the last command is not left to exec when there is an EXIT trap => $SH -c 'trap "echo t" EXIT; /bin/echo a' => a␤t
a trap's action's exec keeps going => (trap 'exec echo a' EXIT; :) => a

=== a trap on {0} is executed [trap]
trap 'echo trap' {0}
kill -s {0} $$
echo after
---
trap
after
+++
ALRM
HUP
INT
PIPE
QUIT
TERM
TRAP
TTIN
TTOU
URG
USR1
USR2
WINCH
XCPU
CONT
TSTP

=== traps of ignored signals at the shell's start stay silent in a script [trap]
trap '' HUP
$SH -c 'trap "echo no" HUP; kill -s HUP $$; echo a'
---
a

=== the trap of a signal that comes during the expansion of words is executed before the command of these words: {0} [2.12]
trap 'echo trap' USR1
{1}
---
trap
a
+++
for => for i in a $(kill -s USR1 $$); do echo $i; done
for with a program => for i in a $(env sh -c "kill -s USR1 $$"); do echo $i; done
case => case x$(kill -s USR1 $$) in x) echo a;; esac

=== the trap of a signal that comes during the expansion of words is executed if the words have no command: {0} [2.12]
trap 'echo trap; exit 7' USR1
{1}
--- 7
trap
+++
an empty for => for i in $(kill -s USR1 $$); do :; done
a case without a match => case a in $(kill -s USR1 $$)) ;; esac
a redirection of a compound command => { :; } 2>/dev/null <./none$(kill -s USR1 $$)
in a function => f() { for i in $(kill -s USR1 $$); do :; done; }; f
in a condition => if for i in $(kill -s USR1 $$); do :; done; then echo no; fi

=== the trap of SIGCHLD is executed even if the signal comes while the output of a command substitution is read [2.12]
mkfifo begun leave end stay
asleep() { while read -r _ _ state _ </proc/$$/stat; [ "$state" != S ]; do :; done; }
# A job that has ended the substitution's own process, while another has its output, when the shell sleeps.
{
    read -r p <begun; asleep; echo >leave
    while kill -0 $p 2>/dev/null; do :; done; asleep; echo >end; read y <stay
} &
trap 'echo trap' CHLD
x=$(read -r p _ </proc/self/stat; { read -r y <end; echo output; } & echo $p >begun; read -r y <leave)
echo $x
trap - CHLD
echo >stay; wait
---
trap
output

=== trap - resets a signal that an asynchronous list ignores to its default [trap]
(trap - INT; $SH -c 'kill -INT $$'; echo $?) & wait
---
130

=== a loop whose condition is continue executes traps [trap]
$SH -c '
trap "echo trapped; exit" USR1
(i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; kill -USR1 $$) &
while continue; do :; done'
---
trapped

