# Command substitution, in both forms.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [2.6.3]
{1}
---
{2}
+++
the output of the commands replaces $(…) => args $(echo a) => 1 <a>
the output of the commands replaces `…` => args `echo a` => 1 <a>
newlines at the end of the output are removed => args "$(printf 'a\n\n\n')" => 1 <a>
newlines in the middle of the output stay in double-quotes => args "$(printf 'a\n\nb\n')" => 1 <a␤␤b>
newlines at the beginning of the output stay in double-quotes => args "$(printf '\na')" => 1 <␤a>
output of only newlines becomes nothing => args "$(printf '\n\n')" $(echo) => 1 <>
blanks at the end of the output stay => args "$(printf 'a  \n')" => 1 <a  >
output without a newline at its end is taken as it is => args "$(printf a)" => 1 <a>
the output is split into fields => args $(echo a b; echo c) => 3 <a> <b> <c>
the output in double-quotes is not split => args "$(echo 'a  b')" => 1 <a  b>
the output is subject to pathname expansion => : >f1 >f2; args $(echo 'f*') "$(echo 'f*')" => 3 <f1> <f2> <f*>
the output is not expanded again => x=no; args $(echo '$x `x` $(x)') => 3 <$x> <`x`> <$(x)>
quotes in the output are not removed => args $(printf '%s' "'a'" '"b"' '\c') => 1 <'a'"b"\c>
an empty output is no field => args $(:) `:` => 0
an empty output in double-quotes is an empty field => args "$(:)" "`:`" => 2 <> <>
no commands at all are allowed => args $() "$( )" `` => 1 <>
only a comment is allowed => args "$(# comment␤)" => 1 <>
text may stand beside a substitution => args a$(echo b c)d => 2 <ab> <cd>
the commands may be on several lines => args $(␤echo a␤echo b␤) => 2 <a> <b>
the exit status of the last command is that of an assignment => x=$(false); echo $? => 1
the exit status of a command whose words have a substitution is that of the command => echo $(false) $? >/dev/null; echo $? => 0
a command that is only a substitution without output has the exit status of the substitution => $(exit 3); echo $? => 3
the output of a command that is only a substitution is executed => $(echo echo a) => a
the last substitution's exit status counts in an assignment => x=$(exit 3) y=$(exit 4); echo $? => 4
variables set within are not set outside => x=1; args $(x=2; echo $x) $x => 2 <2> <1>
a change of the directory within has no effect outside => mkdir d; x=$PWD; : $(cd d); test "$PWD" = "$x"; echo $? => 0
exit within ends only the substitution => args $(echo a; exit; echo b); echo c => 1 <a>␤c
exit within with a status gives the status => x=$(exit 9); echo $? => 9
a function that is defined within is not there outside => : $(ff() { :; }); ff 2>/dev/null || echo $? => 127
a function from outside can be called within => f() { echo "f $1"; }; args "$(f a)" => 1 <f a>
positional parameters can be used within => set -- a b; args $(echo $2 $1) => 2 <b> <a>
set within does not change positional parameters outside => set -- a; : $(set -- b); args $1 => 1 <a>
shift within does not change positional parameters outside => set -- a b; : $(shift); args $1 => 1 <a>
options set within are not set outside => : $(set -f); case $- in *f*) echo on;; *) echo off;; esac => off
IFS set within has no effect outside => args $(IFS=:; echo a:b) a:b => 2 <a:b> <a:b>
a trap set within has no effect outside => : $(trap 'echo no' 0); trap
a trap on EXIT within is executed at its end => args $(trap 'echo b' EXIT; echo a) => 2 <a> <b>
exec within replaces only the substitution => args $(exec echo a); echo b => 1 <a>␤b
umask within has no effect outside => umask 022; : $(umask 077); umask => 0022
a read within a substitution reads the same input => printf 'a\nb\n' | { x=$(read y; echo $y); read z; echo $x $z; } => a b
a redirection within has no effect outside => : $(exec >/dev/null); echo a => a
a redirection alone may be in a substitution => args "$(>f)"; ls => 1 <>␤f
standard error is not taken => exec 2>&1; x=$(echo a >&2); args "$x" => a␤1 <>
standard error may be taken => x=$(echo a 2>&1 >&2 2>&1); args $(echo b 2>&1) => 1 <b>
$(…) nests => args $(echo $(echo $(echo a)) b) => 2 <a> <b>
`…` nests with backslashes => args `echo \`echo a\`` => 1 <a>
`…` nests twice with more backslashes => args `echo \`echo \\\`echo a\\\`\`` => 1 <a>
within `…` a backslash before a dollar sign is removed => x=1; args `echo \$x` => 1 <1>
within `…` two backslashes are one => args `printf %s a\\\\b` => 1 <a\b>
within `…` another backslash stays => args `printf %s 'a\bc'` => 1 <a\bc>
within `…` single-quotes protect a dollar sign that no backslash precedes => args `echo '$x'` => 1 <$x>
$(…) takes backslashes as they are => args $(printf %s '\$x \\') => 2 <\$x> <\\>
$(…) within `…` => args `echo $(echo a)` => 1 <a>
`…` within $(…) => args $(echo `echo a`) => 1 <a>
$(…) may contain a case with unbalanced parentheses => args $(case x in x) echo a;; esac) => 1 <a>
$(…) may contain a case with balanced parentheses => args $(case x in (x) echo a;; esac) => 1 <a>
$(…) may contain a case within an if => args $(if :; then case a in a) echo b;; esac; fi) => 1 <b>
$(…) may contain a here-document => args "$(cat <<E␤a ) b␤E␤)" => 1 <a ) b>
$(…) may contain a here-document with a quote in it => args "$(cat <<E␤it's␤E␤)" => 1 <it's>
$(…) may contain a comment with a parenthesis => args $(echo a # )␤) => 1 <a>
$(…) may contain a comment with a quote => args $(echo a # it's␤) => 1 <a>
$(…) may contain a subshell, with a blank before it => args $( (echo a) ) => 1 <a>
$(…) may begin with two parentheses if it is no arithmetic => args $((echo a); (echo b)) => 2 <a> <b>
$(…) may contain a function's definition => args $(f() { echo a; }; f) => 1 <a>
$(…) may contain a quoted parenthesis => args $(echo ')' "(" \)) => 3 <)> <(> <)>
$(…) may contain a double-quoted string within double-quotes => args "a $(echo "b  c") d" => 1 <a b  c d>
a substitution may be the command's name => $(echo echo) a => a
a substitution may be part of the command's name => e$(echo ch)o a => a
a substitution may be in a redirection's word => echo a >$(echo f); cat f => a
a substitution may be in an assignment, and is not split => x=$(echo 'a  b'); args "$x" => 1 <a  b>
a substitution may be in a here-document => cat <<E␤$(echo a)`echo b`␤E => ab
a substitution may be in an arithmetic expansion => args $(($(echo 1) + `echo 2`)) => 1 <3>
a substitution may be in a for list => for x in $(echo a b); do echo $x; done => a␤b
a substitution may be a case word => case $(echo a) in a) echo yes;; esac => yes
a pipeline may be in a substitution => args $(echo a | cat) => 1 <a>
an asynchronous list in a substitution has its output taken => args $(echo a & wait) => 1 <a>
a substitution waits for every process that holds its output => args $({ echo a; } &) => 1 <a>
break in a substitution has no effect on the loop outside => for i in 1 2; do echo $i $(break 2>/dev/null); done => 1␤2
return in a substitution in a function ends the substitution => f() { x=$(echo a; return 3; echo b); echo $x $?; }; f => a 3
a long output is taken whole => x=$(i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done); echo ${#x} => 122999
$? in a substitution is the last command's outside => false; args $(echo $?) => 1 <1>
a read-only variable's assignment in a substitution ends only that => readonly x; y=$(x=1; echo no) 2>/dev/null; echo ${y:-none} => none
an error in a substitution does not end the shell => y=$(exec 2>/dev/null; . /nonexistent; exit 0); echo after => after 

=== a command substitution has the same effect with and without a process: {0} [2.6.3]
trap 'echo T' USR1
{1}
---
{2}
+++
its process id is not the shell's => x=$(read -r p _ </proc/self/stat; echo $p); [ $x != $$ ] && echo other => other
the parent of its programs is not the shell => x=$($SH -c 'echo $PPID'; :); [ $x != $$ ] && echo other => other
a signal to its process is not the shell's => x=$(read -r p _ </proc/self/stat; kill -s USR1 $p; echo no); [ $? -gt 128 ] && echo "<$x>" => <>
a signal to its programs' parent is not the shell's => x=$($SH -c 'kill -s USR1 $PPID'; echo no); [ $? -gt 128 ] && echo "<$x>" => <>
SECONDS => SECONDS=0; x=$(SECONDS=100); [ $SECONDS -lt 50 ] && echo 0 => 0
SECONDS in arithmetic => SECONDS=0; x=$(echo $((SECONDS=100))); [ $SECONDS -lt 50 ] && echo 0 => 0
SECONDS before a program => SECONDS=0; x=$(SECONDS=100 env); SECONDS=100 env >/dev/null; [ $SECONDS -lt 50 ] && echo 0 => 0
RANDOM is not gone on with => RANDOM=1; x=$RANDOM; RANDOM=1; y=$(echo $RANDOM; echo "$RANDOM" ${RANDOM-x}); [ $RANDOM = $x ] && echo same => same
RANDOM is not gone on with by a program's words => RANDOM=1; x=$RANDOM; RANDOM=1; y=$(env echo $RANDOM); env echo $RANDOM | cat >f; [ $RANDOM = $x ] && echo same => same
RANDOM assigned => RANDOM=1; x=$RANDOM; RANDOM=1; y=$(RANDOM=7; RANDOM=8 env); [ $RANDOM = $x ] && echo same => same
two of them do not have the same RANDOM => x=$(echo $RANDOM$RANDOM); y=$(echo $RANDOM$RANDOM); [ $x != $y ] && echo other => other
OPTIND => getopts ab x -ab; y=$(OPTIND=1; getopts a x -a; OPTIND=1 env); getopts ab x -ab; echo $x => b
an assignment in an expansion => x=$(echo ${y=1} $((z=2)) ${y:=3}); echo "$x ${y-unset} ${z-unset}" => 1 2 1 unset unset
an assignment in the expansion of a program's word => x=$(env echo ${y=1} $((z=2))); echo "$x ${y-unset} ${z-unset}" => 1 2 unset unset
remembered locations => x=$(hash env; env); y=$(type env); z=$(command -v env); env | cat >f; env >f & wait; case $(hash) in *env*) echo some;; *) echo none;; esac => none
where a program is, each time => PATH=$PWD/a:$PWD/b:$PATH; mkdir a b; printf '#!/bin/sh\necho b\n' >b/p; chmod +x b/p; x=$(p); printf '#!/bin/sh\necho a\n' >a/p; chmod +x a/p; echo $x $(p); p => b a␤a
umask => umask 022; x=$(umask 077; umask); echo $x; umask => 0077␤0022
the directory => x=$(cd / && pwd); [ $x = / ] && [ "$PWD" != / ] && [ "$(pwd)" = "$PWD" ] && echo same => same
limits => x=$(ulimit -n 20; ulimit -n); echo $x; [ $(ulimit -n) -gt 20 ] && echo more => 20␤more
functions and aliases => x=$(f() { :; }; alias g=h; f); command -v f g || echo none => none
options => x=$(set -f; set -- b); echo "$# $(echo $- | grep -c f)" => 0 0
descriptors => x=$(exec 3>f; echo a >&3); { echo b >&3; } 2>/dev/null || echo closed => closed
$! => : & x=$!; y=$(: & echo $!); [ $! = $x ] && [ $y != $x ] && echo own => own
jobs => x=$(sleep 0 & jobs -p | wc -l); [ -z "$(jobs)" ] && echo none => none
wait for what is not its own => (exit 3) & x=$(wait $!; echo $?); echo $x => 127
its exit status => x=$(exit 7); echo $? => 7
its exit status by a signal => x=$(read -r p _ </proc/self/stat; kill -s KILL $p); [ $? -gt 128 ] && echo killed => killed
its exit status without commands => false; x=$( ); echo $? => 0
its exit status with a comment alone => false; x=$(#␤); echo $? => 0
its exit status without commands, after a redirection => false; x=$(>f); echo $? => 0
its exit status by exit alone is what was before => false; x=$(exit); echo $? => 1
its exit status without commands, with set -e => set -e; false || x=$( ); echo on => on
what was before is its $? => (exit 9); x=$(echo $?); echo $x => 9
an error ends it alone => x=$(echo a; : ${nope?} ; echo b) 2>/dev/null; echo "$x $?" | tr 12 00 => a 0
an unset parameter ends it alone => set -u; x=$(echo $nope; echo b) 2>/dev/null; echo "<$x>" => <>
an unset parameter of a program ends it alone => set -u; x=$(env echo $nope) 2>/dev/null || echo "<$x>" => <>
a read-only variable ends it alone => readonly r=1; x=$(r=2; echo b) 2>/dev/null || echo "<$x>" => <>
break ends no loop outside => for i in 1 2; do x=$(break); echo $i; done => 1␤2
return ends no function outside => f() { x=$(return 3); echo $?; }; f => 3
a redirection to its output => x=$(echo a >/dev/stdout); y=$(env echo b >/dev/fd/1); echo "$x$y" => ab
a redirection of its errors to its output => x=$(no_such_program 2>&1); [ -n "$x" ] && echo some => some
a pattern is expanded in it => : >f1; : >f2; echo $(echo f*) $(env echo f?) => f1 f2 f1 f2
a default is expanded in it => x='a b'; echo "$(echo ${x-c} "${y-d  e}" ${#x})" => a b d  e 3
a tilde is expanded in it => HOME=/h; echo $(echo ~ ~/x) => /h /h/x
an output as large as can be => x=$(printf %70000d 1); echo ${#x} => 70000
the output of a program that continues is awaited => x=$($SH -c 'echo a; exec sleep 0' ; echo b); echo $x => a b

=== with {0} closed, a command substitution loses nothing [2.6.3]
exec {1}
x=$( (echo a) ); y=$(cd /; pwd); z=$(env echo b); v=$(echo c); w=$(echo d | cat)
echo "$x$y$z$v$w" >&9
echo e | { read x; echo $x >&9; }
(echo f | cat) >&9
---
a/bcd
e
f
+++
standard input => 9>&1 <&-
standard output => 9>&1 >&-
standard error => 9>&1 2>&-
all three => 9>&1 <&- >&- 2>&-

=== a shell without the memory for a command's output ends, and does not wait for the command [2.6.3]
(ulimit -v 30000; x=$(yes 1234567890); echo "[$?]")
echo $?
--- 0 stderr
2
