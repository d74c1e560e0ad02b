# Positional and special parameters, and variables.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [2.5.1]
set -- a b c d e f g h i j k
{1}
---
{2}
+++
a positional parameter with one digit needs no braces => echo $1 $9 => a i
a positional parameter with more digits needs braces => echo ${10} ${11} => j k
$10 is $1 and a zero => echo $10 => a0
leading zeros in braces do not matter => echo ${01} ${0011} => a k
a positional parameter that does not exist expands to nothing => args "${12}" => 1 <>
positional parameters are decimal => echo ${010} => j
set replaces the positional parameters => set -- x; args "$@" => 1 <x>
a function's arguments are its positional parameters => f() { args "$@"; }; f x y => 2 <x> <y>
the positional parameters are restored after a function => f() { set -- x; }; f y; echo $1 $# => a 11
a positional parameter may be unset with set -- => set --; args "$@" => 0

=== {0} [2.5.2]
{1}
---
{2}
+++
"$@" is a field for each positional parameter => set -- 'a b' '' c; args "$@" => 3 <a b> <> <c>
"$@" is no field at all without positional parameters => set --; args "$@" => 0
"$@" with another empty quoted part is a field without positional parameters => set --; args "$@""" => 1 <>
"$@" twice is no field without positional parameters => set --; args "$@$@" => 0
"$@" joined with text before it puts that before the first => set -- a b; args x"$@" => 2 <xa> <b>
"$@" joined with text after it puts that after the last => set -- a b; args "$@"x => 2 <a> <bx>
"$@" between text in the same quotes => set -- a b c; args "x$@y" => 3 <xa> <b> <cy>
"$@" between text without positional parameters is that text => set --; args "x$@y" => 1 <xy>
"$@" twice in one word joins the last and the first => set -- a b; args "$@$@" => 3 <a> <ba> <b>
"$@" does not depend on IFS => IFS=:; set -- a:b c; args "$@" => 2 <a:b> <c>
"$@" with an empty IFS is still a field for each => IFS=; set -- 'a b' c; args "$@" => 2 <a b> <c>
$@ unquoted is split into fields => set -- 'a b' '' c; args $@ => 3 <a> <b> <c>
$@ unquoted with an empty IFS is a field for each that is not empty => IFS=; set -- 'a b' '' c; args $@ => 2 <a b> <c>
$@ unquoted is a field for each also if IFS has no space => IFS=:; set -- a:b c; args $@ => 3 <a> <b> <c>
"$*" is one field, joined by spaces => set -- 'a b' '' c; args "$*" => 1 <a b  c>
"$*" is joined by the first character of IFS => IFS=:-; set -- a b c; args "$*" => 1 <a:b:c>
"$*" is joined without anything if IFS is null => IFS=; set -- a b c; args "$*" => 1 <abc>
"$*" is joined by a space if IFS is unset => unset IFS; set -- a b c; args "$*" => 1 <a b c>
"$*" is an empty field without positional parameters => set --; args "$*" => 1 <>
$* unquoted is split into fields => set -- 'a b' '' c; args $* => 3 <a> <b> <c>
$* unquoted with a null IFS is a field for each that is not empty => IFS=; set -- 'a b' '' c; args $* => 2 <a b> <c>
$* unquoted is a field for each if IFS has no space => IFS=:; set -- 'a b' c:d; args $* => 3 <a b> <c> <d>
$* unquoted is nothing without positional parameters => set --; args $* => 0
"${@}" is as "$@" => set -- 'a b' c; args "${@}" => 2 <a b> <c>
"${*}" is as "$*" => set -- 'a b' c; args "${*}" => 1 <a b c>
"${@-word}" is the positional parameters if there are any => set -- a b; args "${@-x}" => 2 <a> <b>
"${*-word}" is the positional parameters joined => set -- a b; args "${*-x}" => 1 <a b>
"${@+word}" is the word if there are any => set -- a b; args "${@+x}" => 1 <x>
"${1+$@}" inside quotes is a field for each => set -- 'a b' c; args "${1+$@}" => 2 <a b> <c>
${1+"$@"} is a field for each => set -- 'a b' c; args ${1+"$@"} => 2 <a b> <c>
${1+"$@"} is nothing without positional parameters => set --; args ${1+"$@"} => 0
$* in an assignment is joined by the first character of IFS => IFS=:; set -- a b; x=$*; IFS=; args $x => 1 <a:b>
$* in an assignment is joined without anything if IFS is null => IFS=; set -- a b; x=$*; args $x => 1 <ab>
"$*" in a here-document is joined => set -- a b; cat <<E␤$*␤E => a b
"$@" in a for list is a round for each => set -- 'a b' c; for x in "$@"; do args "$x"; done => 1 <a b>␤1 <c>
$# is the number of positional parameters => set -- a b c; echo $# => 3
$# is 0 without positional parameters => set --; echo $# => 0
${#} is $# => set -- a b; echo ${#} => 2
$# has two digits if need be => set -- 1 2 3 4 5 6 7 8 9 0 1 2; echo $# => 12
$# counts empty ones => set -- '' ''; echo $# => 2
$? is the exit status of the last pipeline => false; echo $?; echo $? => 1␤0
$? is the exit status of a command with another value => (exit 7); echo $? => 7
$? in a subshell is what it was before => false; (echo $?) => 1
$? in a command substitution is what it was before => false; echo $(echo $?) => 1
$? after an assignment is 0 => false; x=1; echo $? => 0
$? after an assignment with a command substitution is that one's => x=$(exit 3); echo $? => 3
$? in a function's body is what it was before the call => f() { echo $?; }; false; f => 1
$? after a comment or an empty line does not change => false␤␤# comment␤echo $? => 1
$? is 0 at the beginning => echo $? => 0
${?} is $? => false; echo ${?} => 1
$? is not touched by a function's definition's failing => false; f() { :; }; echo $? => 0
$! is the process id of the last asynchronous list => : & x=$!; wait $x; echo $? => 0
$! does not change by a foreground command => : & x=$!; :; /bin/true; [ $x = $! ]; echo $? => 0
$! is empty before any asynchronous list => args "$!" => 1 <>
$! is the last command's of an asynchronous pipeline => true | (exit 3) & wait $!; echo $? => 3
$$ is a number of digits only => case $$ in *[!0-9]*|'') echo no;; *) echo yes;; esac => yes
$$ in a subshell is that of the shell => x=$$; [ $x = $(echo $$) ] && (test $x = $$) && echo yes => yes
$$ is the process that children have as their parent => x=$($SH -c 'echo $PPID'); test "$x" && y=$$; $SH -c '[ $PPID = '$y' ]' && echo yes => yes
$$ in an asynchronous list is that of the shell => x=$$; { [ $x = $$ ]; } & wait $!; echo $? => 0
$0 within a function is the shell's => f() { echo "$0"; }; x=$0; [ "$(f)" = "$x" ] && echo yes => yes

=== $- has the letter {0} after set -{0} [2.5.2]
set -{0}
case $- in *{0}*) echo on;; *) echo off;; esac
set +{0}
case $- in *{0}*) echo on;; *) echo off;; esac
--- 0 any
on
off
+++
a
C
e
f
u
v
x

=== $0 is the operand after the command string [2.5.2]
$ -c SCRIPT name a b
echo "$0" "$@"
---
name a b

=== $0 is the path of a script file [2.5.2]
$ FILE a b
echo "$0" "$@"
---
../script a b

=== positional parameters are the operands after -s [2.5.2]
$ -s a b
echo "$#" "$@"
---
2 a b

=== {0} [2.5.3]
{1}
---
{2}
+++
a variable is set by an assignment => x=value; echo $x => value
a variable may be set to the empty string => x=; args "$x" "${x-unset}" => 2 <> <>
a variable may be set again => x=1; x=2; echo $x => 2
a variable's name may have digits and underscores => a_1B=x _=; echo $a_1B => x
a variable's name begins with no digit => 1x=2 2>/dev/null || echo $? => 127
names differ by case => x=1 X=2; echo $x $X => 1 2
a variable's name ends at the first character that can not be in one => x=1; echo $x-$x.$x => 1-1.1
the longest name is taken => x=1 xy=2; echo $xy => 2
variables come from the environment => x=1 $SH -c 'echo $x' => 1
a variable from the environment is exported when it changes => x=1 $SH -c 'x=2; env' | grep ^x= => x=2
IFS is space, tab and newline at the beginning => printf %s "$IFS" | od -An -to1 | tr -d ' ' => 040011012
IFS is not taken from the environment => IFS=x $SH -c 'printf %s "$IFS"' | od -An -to1 | tr -d ' ' => 040011012
PPID is the parent's process id => x=$$; [ "$($SH -c 'echo $PPID')" ] && $SH -c 'echo $PPID' >f; test $(cat f) = $x && echo yes => yes
PPID does not change in a subshell => x=$PPID; (test $x = $PPID) && test $(echo $PPID) = $x && echo yes => yes
PWD is the working directory => test "$PWD" = "$(pwd -P)" && echo yes => yes
PWD from the environment is kept if it is a name of the working directory => mkdir d; ln -s d l; cd -P d; p=${PWD%/d}/l; PWD=$p $SH -c 'echo "${PWD##*/}"' => l
PWD from the environment is not kept if it is another directory => PWD=/nonexistent $SH -c 'echo "$PWD"' | grep -c nonexistent || : => 0
PWD from the environment is not kept if it has a dot => x=$(PWD=$PWD/. $SH -c 'echo "$PWD"'); test "$x" = "$PWD" && echo yes => yes
PS4 is + and a space => printf '<%s>\n' "$PS4" => <+ >
HOME comes from the environment => test -d "$HOME" && echo yes => yes
LINENO is the line of the script => $SH -c 'echo $LINENO␤␤echo $LINENO' => 1␤3
OPTIND is 1 at the beginning => echo $OPTIND => 1
PATH is where commands are looked for => PATH=/nonexistent; ls 2>/dev/null || echo $? => 127
PATH may have an empty part, which is the working directory => printf 'echo found\n' >prog; chmod +x prog; PATH=:/nonexistent; prog => found
PATH may end in a colon, which is the working directory => printf 'echo found\n' >prog; chmod +x prog; PATH=/nonexistent:; prog => found

=== LINENO is right after lines that are continued, in functions and in compound commands [2.5.3]
$ FILE
echo $LINENO
: a \
b
echo $LINENO
if true; then
echo $LINENO
fi
: "
"
echo $LINENO
cat <<E >/dev/null
text
E
echo $LINENO
---
2
5
7
11
15

=== PS1 and PS2 are not used by a shell that is not interactive [2.5.3]
$ -s
PS1=prompt PS2=prompt
echo a \
b
---
a b

=== PS4 is written before each line of a trace, and is expanded [2.5.3]
x=1
PS4='<$x> '
set -x
echo a 2>/dev/null
--- 0 stderr
a

=== {0} is an ordinary variable once it was unset [2.5.3]
unset {0}; echo "[${{0}}]"; {0}=5; echo ${0}
---
[]
5
+++
LINENO
RANDOM
SECONDS

=== "${u-$@}" without parameters is an empty field [2.5.2]
args a "${u-$@}" b; u=1; args a "${u+$@}" b; args a "$@" b
---
3 <a> <> <b>
3 <a> <> <b>
2 <a> <b>

=== only names that are no longer used are forgotten [2.5.3]
keep=kept arith_7=3
f() { first=$1; eval "g_$1() { inner_$1=\$1; echo \"\$inner_$1 \$first \$((first + arith_$1))\"; }"; }
f 7
h() {
    eval 'h() { echo new $keep; }'
    local i=0 lo=local
    while [ $i -lt 2500 ]; do
        eval "v$i=\$i; : \${w$i-} \$((x$i)); y$i() { :; }; unset -f y$i; unset v$i"
        i=$((i+1))
    done
    echo "${keep} ${late-unset} $lo $((i + arith_7))"
}
h; h; g_7 a
late=set; eval 'echo $late $(( arith_7 ))'
---
kept unset local 2503
new kept
a 7 10
set 3

=== variables that were unset leave no memory behind [2.5.3]
long=$(printf %0200d 0)
rss() { while read -r key value unit; do [ "$key" = VmRSS: ] && rss=$value; done </proc/$$/status; }
rss; before=$rss i=0
while [ $i -lt 12000 ]; do eval "v$i$long=1; unset v$i$long"; i=$((i+1)); done
rss; [ $((rss - before)) -lt 2500 ] && echo little || echo $((rss - before)) KiB
---
little

