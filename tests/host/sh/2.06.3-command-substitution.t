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
the exit status of a command whose words have a substitution is its own => echo $(false) $? >/dev/null; echo $? => 0
a command that is nothing but a substitution without output has its exit status => $(exit 3); echo $? => 3
a command that is nothing but a substitution is executed => $(echo echo a) => a
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
a substitution waits for what holds its output => args $({ echo a; } &) => 1 <a>
break in a substitution has no effect on the loop outside => for i in 1 2; do echo $i $(break 2>/dev/null); done => 1␤2
return in a substitution in a function ends the substitution => f() { x=$(echo a; return 3; echo b); echo $x $?; }; f => a 3
a long output is taken whole => x=$(i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done); echo ${#x} => 122999
$? in a substitution is the last command's outside => false; args $(echo $?) => 1 <1>
a read-only variable's assignment in a substitution ends only that => readonly x; y=$(x=1; echo no) 2>/dev/null; echo ${y:-none} => none
an error in a substitution does not end the shell => y=$(exec 2>/dev/null; . /nonexistent; exit 0); echo after => after 
