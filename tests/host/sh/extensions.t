# Beyond the standard, as bash, ksh or busybox have it: what the language has. (Built-ins: extension-built-ins.t.)
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [redirection]
{1}
---
{2}
+++
>& with a file is of standard output and error => { echo a; echo b >&2; } >&f; cat f => a␤b
1>& with a file is of both, too => { echo a; echo b >&2; } 1>&f; cat f => a␤b
>& with an expansion to a file is of both => x=f; { echo a; echo b >&2; } >&$x; cat f => a␤b
>& with an expansion to a number is a duplication => exec 3>f; x=3; echo a >&$x; cat f => a
2>& with a file is an error => { echo a 2>&f; } 2>/dev/null || echo fails; test -e f || echo none => fails␤none
>& with an empty word is an error => { echo a >&$u; } 2>/dev/null || echo fails => fails
&> with a file is of standard output and error => { echo a; echo b >&2; } &>f; cat f => a␤b
>& of a program is of both => $SH -c 'echo a; echo b >&2' >&f; cat f => a␤b
>& does not write over a file with set -C => : >f; set -C; { echo a >&f; } 2>/dev/null || echo fails; cat f => fails
{name}> opens a descriptor from 10 on, which stays => : {fd}>f; echo a >&$fd; cat f; test $fd -ge 10 && echo yes => a␤yes
{name}>&- closes it => exec {fd}>f; exec {fd}>&-; { echo a >&$fd; } 2>/dev/null || echo closed => closed
{name}< reads => echo a >f; exec {fd}<f; read x <&$fd; echo $x => a
{name}<< is a here-document => exec {fd}<<E␤a␤E␤read x <&$fd; echo $x => a
{name}>& duplicates => exec {fd}>&1; echo a >&$fd => a
{name} and a blank is a word => echo {fd} >f; cat f => {fd}
{name}> of what cannot be opened is an error => { true {fd}>no/such; } 2>/dev/null || echo fails; echo "[${fd-}]" => fails␤[]

=== {0} [tilde expansion]
{1}
---
{2}
+++
~+ is the working directory => cd /usr; cd /; echo ~+ ~+/bin; x=a:~+; echo $x => / /bin␤a:/
~- is the working directory before => cd /usr; cd /; echo ~- ~-/bin => /usr /usr/bin
~- is itself if there is none => unset OLDPWD; echo ~-/a => ~-/a

=== {0} [functions]
{1}
---
{2}
+++
function and a name define => function f { echo a $1; }; f b => a b
function with parentheses defines => function f() { echo a; }; f => a
function with parentheses behind a blank defines => function f () ( echo a ); f => a
the body of function may be on the next line => function f␤{ echo a; }␤f => a
function is an ordinary word elsewhere => echo function; function=1; echo $function => function␤1
a quoted function is a command => \function f 2>/dev/null; echo $? => 127
a function's body may be a simple command => f() echo a $1; f b => a b
a simple command of a function may have redirections => f() echo a >&2; f 2>&1 => a
a simple command of a function may be an assignment => f() x=1; f; echo $x => 1
a simple command of a function ends at a semicolon => f() echo a; echo b; f => b␤a
FUNCNAME is the function's name => f() { echo $FUNCNAME; g; echo $FUNCNAME; }; g() { echo $FUNCNAME; }; f; echo "[$FUNCNAME]" => f␤g␤f␤[]

=== {0} [trap]
{1}
---
{2}
+++
trap on ERR is executed when a command fails => trap 'echo err' ERR; false; echo a => err␤a
trap on ERR keeps the exit status => trap 'echo $?' ERR; (exit 3); echo $? => 3␤3
trap on ERR is not executed where set -e would not exit => trap 'echo err' ERR; if false; then :; fi; false || :; ! true; while false; do :; done => 
trap on ERR is executed once for a pipeline => trap 'echo err' ERR; echo a | false; : => err
trap on ERR is executed before set -e exits => (trap 'echo err' ERR; set -e; false; echo no); echo $? => err␤1
trap on ERR is not executed within functions => trap 'echo err' ERR; f() { false; echo a; }; f => a
trap on ERR is not executed in subshells => trap 'echo err' ERR; (false; echo a); x=$(false; echo b); echo $x => a␤b
trap on ERR is executed everywhere with set -E => set -E; trap 'echo err' ERR; f() { false; :; }; f; (false; :); echo $(false; :) => err␤err␤err
trap on ERR set in a function stays => f() { trap 'echo err' ERR; }; f; false || :; false; : => err
trap on ERR is not executed within itself => trap 'echo err; false' ERR; false; : => err
trap - ERR resets => trap 'echo err' ERR; trap - ERR; false; : => 
trap lists ERR => trap 'echo err' ERR; trap => trap -- 'echo err' ERR
the last program of a script is followed by the trap on ERR => $SH -c 'trap "echo err" ERR; $SH -c "exit 3"' || echo $? => err␤3

=== {0} [expansion]
{1}
---
{2}
+++
${v////-} replaces slashes => v=a/b/c; echo ${v////-} "${v////-}" => a-b-c a-b-c
${v/#p/r} replaces at the beginning => v=abab; echo ${v/#a/x} ${v/#b/x} ${v/#/x} => xbab abab xabab
${v/%p/r} replaces at the end => v=abab; echo ${v/%b/x} ${v/%a/x} ${v/%/x} => abax abab ababx
$(<file) is the file => printf 'a b\n\n' >f; x=$(<f); echo "[$x]"; args $(< f) => [a b]␤2 <a> <b>
`<file` is the file, too => echo a >f; echo `<f` => a
$(<file) of none fails => x=$(<no_such) 2>/dev/null || echo fails => fails
$(<file) with another command is none => echo a >f; x=$(<f; :); echo "[$x]" => []
HOSTNAME is the machine's name => test "$HOSTNAME" = "$(uname -n)"; echo $? => 0
HOSTNAME may be assigned => HOSTNAME=a; echo $HOSTNAME; unset HOSTNAME; echo "[$HOSTNAME]" => a␤[]
EPOCHSECONDS is the time => before=$(date +%s); now=$EPOCHSECONDS; test $before -le $now && test $now -le $(date +%s); echo $? => 0

=== arithmetic: {0} is {1} [arithmetic]
x=16#ff
echo $(({0}))
---
{1}
+++
2**10 => 1024
2**3**2 => 512
-2**2 => 4
2*3**2 => 18
7**0 => 1
64#_ => 63
64#@ => 62
64#Z => 61
64#z => 35
36#Z => 35
37#A => 36
x+1 => 256

=== arithmetic: {0} is an error [arithmetic]
$SH -c 'echo $(({0}))' 2>/dev/null || echo error
---
error
+++
2**-1
65#1
1#0
36#_
x**=2

=== [[ -f == ]] tests the file of that name [conditional]
[[ -f == ]] || echo no; : >==; [[ -f == ]] && echo yes; [[ -f == -f ]] && echo same; [[ -f == && x ]] && echo and
---
no
yes
same
and

=== an operator that [[ does not have is a syntax error [conditional]
$SH -c '[[ -v HOME ]]; echo no' sh 2>&1; echo $?; [[ -v ]] && echo word
---
sh: line 1: syntax error: unexpected "HOME"
2
word

