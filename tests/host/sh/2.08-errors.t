# Exit status, and the consequences of shell errors.

=== {0} ends a shell that is not interactive [2.8.1]
echo before
{1}
echo after
--- >0 stderr
before
+++
a syntax error => eval 'if'
a syntax error in eval with a parenthesis => eval ')'
a syntax error in a dot script => echo 'if' >f; . ./f
a special built-in's utility error: an invalid option to set => set -_
a special built-in's utility error: an invalid name to set -o => set -o no_such_option
a special built-in's utility error: an invalid name to export => export 1x
a special built-in's utility error: an invalid name to readonly => readonly 1x
a special built-in's utility error: unset of a read-only variable => readonly x=1; unset x
a special built-in's utility error: a dot script that is not there => . /nonexistent
a special built-in's utility error: a dot script that is not in PATH => . no_such_file_here
a special built-in's utility error: export of a read-only variable => readonly x=1; export x=2
a special built-in's utility error: readonly of a read-only variable => readonly x=1; readonly x=2
a redirection error with a special built-in: : => : </nonexistent
a redirection error with a special built-in: eval => eval echo no </nonexistent
a redirection error with a special built-in: exec => exec </nonexistent
a redirection error with a special built-in: set => set -- a </nonexistent
a redirection error with a special built-in: export => export x=1 </nonexistent
a redirection error with a special built-in: unset => unset x </nonexistent
a redirection error with a special built-in: shift => set a; shift </nonexistent
a redirection error with a special built-in: trap => trap - 0 </nonexistent
a redirection error with exec and another descriptor => exec 3</nonexistent
a redirection to a closed descriptor with exec => exec 3>&9
a variable assignment error => readonly x=1; x=2
a variable assignment error before a special built-in => readonly x=1; x=2 :
a variable assignment error in a for loop => readonly x=1; for x in a; do echo no; done
an expansion error: ${x?} => echo ${x?}
an expansion error: ${x:?word} => x=; echo ${x:?word}
an expansion error: a bad substitution => eval 'echo ${!}x${x!y}'
an expansion error in an assignment => y=${x?}
an expansion error in a redirection's word => echo no >${x?}
an expansion error in a case word => case ${x?} in *) echo no;; esac
an expansion error in a for list => for y in ${x?}; do echo no; done
an expansion error in a here-document of a built-in => : <<E␤${x?}␤E
an expansion error in a special built-in's argument => : ${x?}
an expansion error in an arithmetic expansion => echo $((${x?}))
an expansion error of an unset parameter with set -u => set -u; echo $x
an expansion error in a brace group => { echo ${x?}; }
an expansion error in a function => f() { echo ${x?}; }; f
an expansion error in a condition => if echo ${x?}; then echo no; fi
an expansion error after || => false || echo ${x?}
an exec of a command that is not there => exec /nonexistent

=== {0} does not end the shell [2.8.1]
echo before
{1}
test $? -gt 0 && echo after
--- 0 {2}
before
after
+++
a utility error of another built-in: cd => cd /nonexistent => stderr
a utility error of another built-in: an invalid option => pwd -_ => stderr
a utility error of another built-in: test => test 1 -eq a => stderr
a utility error of another built-in: read => read 1x </dev/null => any
a utility error of another built-in: kill => kill -s NOSUCHSIGNAL $$ => stderr
a utility error of another built-in: printf => printf %d a >/dev/null => stderr
a utility error of another built-in: alias => alias no_such_alias => any
a utility error of another built-in: unalias => unalias no_such_alias => stderr
a utility error of another built-in: umask => umask 9 => stderr
a utility error of another built-in: wait => wait 1x => any
a utility error of another built-in: type => type no_such_command >/dev/null => any
a utility error of another built-in: command => command -v no_such_command
a utility that fails => cat /nonexistent => stderr
a command that is not found => no_such_command => stderr
a command that is not executable => >f; ./f => stderr
a redirection error with a regular built-in => echo no </nonexistent => stderr
a redirection error with a utility => cat </nonexistent => stderr
a redirection error with a compound command => { echo no; } </nonexistent => stderr
a redirection error with a function => f() { echo no; }; f </nonexistent => stderr
a redirection error without a command => </nonexistent => stderr
a special built-in's utility error through command: shift => command shift 5 => any
a special built-in's utility error through command: a dot script => command . /nonexistent => stderr
a special built-in's utility error through command: export => command export 1x => stderr
a special built-in's utility error through command: unset => readonly x; command unset x => stderr
a special built-in's utility error through command: an option of set => command set -_ => stderr
a redirection error with a special built-in through command => command : </nonexistent => stderr
a redirection error with exec through command => command exec 3</nonexistent => stderr
a failing return of a function => f() { return 3; }; f
a failing dot script => echo 'return 3' >f; . ./f
a failing eval => eval false

=== {0} in a subshell ends only the subshell [2.8.1]
({1}; echo no) 2>/dev/null
test $? -gt 0 && echo after
---
after
+++
a syntax error => eval 'if'
a special built-in's utility error => set -_
a special built-in's redirection error => : </nonexistent
a variable assignment error => readonly x=1; x=2
an expansion error => echo ${x?}
an unset parameter with set -u => set -u; echo $unset_variable
a dot script that is not there => . /nonexistent

=== {0} in a command substitution ends only the command substitution [2.8.1]
x=$(exec 2>/dev/null; {1}; echo no)
test $? -gt 0 && echo "after$x"
---
after
+++
a syntax error => eval 'if'
a special built-in's utility error => set -_
a special built-in's redirection error => : </nonexistent
a variable assignment error => readonly x=1; x=2
an expansion error => echo ${x?}
an unset parameter with set -u => set -u; echo $unset_variable
a dot script that is not there => . /nonexistent

=== a shell that an error ends executes the EXIT trap: {0} [2.8.1]
trap 'echo trap' EXIT
{1}
echo no
--- >0 stderr
trap
+++
a utility error of a special built-in => set -_
an expansion error => echo ${x?}
an assignment error => readonly x=1; x=2
a redirection error with a special built-in => : </nonexistent
a syntax error in eval => eval 'if'

=== the exit status is {0} of {1} [2.8.2]
{2} 2>/dev/null
echo $?
---
{0}
+++
0 => a utility that succeeds => /bin/true
1 => a utility that fails => /bin/false
127 => a command that is not found => no_such_command
127 => a path that is not there => /nonexistent
127 => a path under a directory that is not there => /nonexistent/command
126 => a file that is not executable => >f; ./f
126 => a directory => mkdir d; ./d
127 => an empty command name => ''
126 => a path under a file => >f; { ./f/x; [ $? -ge 126 ] && (exit 126); }
3 => a subshell's exit => (exit 3)
7 => a script's exit => $SH -c 'exit 7'
255 => the greatest status => (exit 255)
0 => 256, of which the low eight bits count in a process's status => $SH -c 'exit 256'
0 => an empty command with a redirection => </dev/null
0 => an empty eval => eval
0 => an empty dot script => . /dev/null

=== a command that {0} ends has the status of more than 128 that kill -l names {0} [2.8.2]
$SH -c 'kill -s {0} $$' 2>/dev/null
x=$?
test $x -gt 128 && kill -l $x
---
{0}
+++
KILL
TERM
INT
HUP
USR1
PIPE
ALRM

=== a script in a file with a syntax error has a status greater than 0 [2.8.1]
$ FILE
echo a
if
--- >0 stderr
a

=== -c with a syntax error in its first line executes nothing of that line [2.8.1]
echo no; )
--- >0 stderr

=== a missing script file gives the status 127 [2.8.2]
$SH ./nonexistent 2>/dev/null
echo $?
---
127

=== a function without a command to execute keeps a status of 0 [2.8.2]
f() { :; }
false
f
echo $?
---
0

=== the shell's exit status is that of the last command [2.8.2]
(exit 3)
--- 3

=== the shell's exit status is 0 without any command [2.8.2]
# only a comment
---

=== an error in a subshell's syntax is found before anything of the line is executed [2.8.1]
eval 'echo no; (' 2>/dev/null
echo no
--- >0

=== ten thousand braces, and as many $((, may be nested [2.10.2]
# Only where the hard limit on the stack permits this depth.
[ "$(ulimit -Hs)" = unlimited ] || { echo braces; echo 1; exit; }
open='{ ' close='}; ' begin='$((' end='))'
while [ ${#open} -lt 20000 ]; do open=$open$open close=$close$close begin=$begin$begin end=$end$end; done
eval "$open echo braces; $close"
eval "echo ${begin}1$end"
---
braces
1

=== a lowered limit on the stack is respected [2.8.1]
$SH -c 'ulimit -s 256; f() { f; }; f' 2>&1 | sed 's/.*line [0-9]*: //'
---
nested too deeply

=== a function is freed when the stack is almost used up [2.9.5]
# The stack must be large enough for the recursion of the parser; the part that is then free is too small for a recursive free.
ulimit -s 8192
$SH -c '
open="{ " close="}; "
while [ ${#open} -lt 2048 ]; do open=$open$open close=$close$close; done
eval "g() { $open :; $close }"
f() { n=$((n + 1)); if [ $n = $at ]; then unset -f g; echo freed; exit; fi; f; }
most=$(n=0 at=0; trap "echo \$n" EXIT; f 2>/dev/null)
n=0 at=$((most - 3)); (f)
'
---
freed

=== every endless recursion is reported as nested too deeply [2.8.1]
# With little stack, the limit is reached sooner.
ulimit -s 1024
$SH -c 'f() { f; }; f' 2>&1 | sed 's/.*line [0-9]*: //'
$SH -c 'f="eval \"\$f\""; eval "$f"' 2>&1 | sed 's/.*line [0-9]*: //'
$SH -c 'x=x; : $((x))' 2>&1 | sed 's/.*line [0-9]*: //'
---
nested too deeply
nested too deeply
nested too deeply

