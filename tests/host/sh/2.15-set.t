# The special built-in utility set.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [set]
{1}
---
{2}
+++
set with arguments makes them the positional parameters => set a 'b c'; args "$@" => 2 <a> <b c>
set -- without arguments leaves no positional parameters => set a b; set --; args "$@" => 0
set -- makes the following words the positional parameters even if they begin with - => set -- -a -- b; args "$@" => 3 <-a> <--> <b>
set with an option and arguments does both => set -f a b; args "$@" *; set +f => 3 <a> <b> <*>
set with an option alone leaves the positional parameters => set a b; set -f; args "$@" => 2 <a> <b>
set with an operand that begins with + after another operand => set a +b; args "$@" => 2 <a> <+b>
set without arguments lists variables so that they can be read again => xyz="a'b  c"; set | grep '^xyz=' >f; unset xyz; . ./f; args "$xyz" => 1 <a'b  c>
set without arguments lists no functions' names as variables, or its output may be read again => abc=1; set | grep -c '^abc=' => 1
set -a exports variables that are assigned => set -a; x=1; $SH -c 'echo $x' => 1
set -a exports variables that read assigns => set -a; read x <<E␤1␤E␤$SH -c 'echo $x' => 1
set -a exports a for loop's variable => set -a; for x in 1; do $SH -c 'echo $x'; done => 1
set -a exports variables that ${x=word} assigns => set -a; : ${x=1}; $SH -c 'echo $x' => 1
set -a does not export variables that were assigned before => x=1; set -a; $SH -c 'echo ${x-unset}' => unset
set +a does not export any more => set -a; set +a; x=1; $SH -c 'echo ${x-unset}' => unset
set -o allexport is set -a => set -o allexport; x=1; $SH -c 'echo $x' => 1
set -C keeps files from being overwritten => echo a >f; set -C; (echo b >f) 2>/dev/null; cat f => a
set -f keeps patterns => >x; set -f; args * => 1 <*>
set -n in a script ends its execution => echo a␤set -n␤echo no => a
set -u makes an unset variable an error => (set -u; echo $x; echo no) 2>/dev/null || echo error => error
set +u allows it again => set -u; set +u; args "$x" => 1 <>
set -v writes the input to standard error => printf 'set -v\necho a\n' | $SH -s 2>&1 => echo a␤a
set -v writes the lines of a dot script => printf 'echo a\n#b\n' >f; set -v; . ./f 2>&1 => echo a␤a␤#b
set -x writes commands to standard error before they are executed => $SH -c 'set -x; echo a b' 2>&1 => + echo a b␤a b
set -x writes expanded words => $SH -c 'x=v; set -x; echo $x $((1+1))' 2>&1 => + echo v 2␤v 2
set -x writes with PS4 => $SH -c 'PS4="<> "; set -x; echo a' 2>&1 => <> echo a␤a
set -x executes no command of a PS4 from the environment => PS4='$(echo a >f)`echo a >f`$((1+1)) ' $SH -c 'set -x; : b' 2>&1; ls => $(echo a >f)`echo a >f`$((1+1)) : b
set -x executes no command in a default of a PS4 from the environment => PS4='${n-$(echo a >f)} ' $SH -c 'set -x; : b' 2>&1; ls => ${n-$(echo a >f)} : b
set -x expands parameters in a PS4 from the environment => PS4='$((x+1))$x ' $SH -c 'x=1; set -x; : b' 2>&1 => 21 : b
set -x executes the commands of a PS4 of the script => PS4=a $SH -c 'PS4="\$(echo b) "; set -x; : c' 2>&1 => b : c
set -x executes no command of a PS4 from the environment after a local one => PS4='$(echo a >f) ' $SH -c 'f() { local PS4=l; }; f; set -x; : b' 2>&1; ls => $(echo a >f) : b
set -x executes no command of a PS4 from the environment with something behind => PS4='$(echo a >f) ' $SH -c 'PS4+=c; set -x; : b' 2>&1; ls => $(echo a >f) c: b
set -x assigns nothing for a PS4 from the environment => for p in '${q:=z}' '${q=z}' '$((ok=1))' '$((ok++))' '${q-$((ok+=1))}'; do PS4=$p $SH -c 'ok=0; set -x; :; set +x; echo $ok$q' 2>/dev/null; done => 0␤0␤0␤0␤0
set -x reports nothing of a PS4 from the environment => for p in '${x?}' '${x?$((1/0))}' '$((1/0))' '${x!}'; do PS4=$p $SH -c 'set -x; : b' 2>&1; done => ${x?}: b␤${x?$((1/0))}: b␤$((1/0)): b␤${x!}: b
set -x reports what is wrong in a PS4 of the script => PS4=a $SH -c 'PS4="\${x?}"; set -x; : b' 2>&1 | grep -c 'x: parameter not set' => 1
set -x writes assignments => $SH -c 'set -x; x=1' 2>&1 => + x=1
set +x ends it => $SH -c 'set -x; set +x; echo a' 2>/dev/null => a
set -o xtrace is set -x => $SH -c 'set -o xtrace; echo a' 2>&1 => + echo a␤a
set -o with several options => set -o noglob -o nounset; case $- in *f*u*|*u*f*) echo yes;; esac => yes
set with several letters => set -fu; case $- in *f*u*|*u*f*) echo yes;; esac => yes
set +o with a name turns it off => set -f; set +o noglob; case $- in *f*) echo on;; *) echo off;; esac => off
set -o writes the options' settings => set -f; set -o | grep -c '^noglob' => 1
set +o writes commands that restore the options => set -f; x=$(set +o); set +f; eval "$x"; case $- in *f*) echo on;; *) echo off;; esac => on
set +o restores an option that is off => x=$(set +o); set -f; eval "$x"; case $- in *f*) echo on;; *) echo off;; esac => off
set -h is allowed => set -h; echo a => a
set -b is allowed => set -b; echo a => a
set -o vi and emacs are known without effect here, or vi only => set +o vi; echo $? => 0
set -o ignoreeof is known => set -o ignoreeof; echo $? => 0
set -o nolog is known => set -o nolog 2>/dev/null; echo $? => 0
set - is left out or ends -x and -v: the shell continues => set - a; echo end => end
set in a function changes the shell's options => f() { set -f; }; f; case $- in *f*) echo on;; *) echo off;; esac => on
set's words are expanded => x='a b'; set -- $x "$x"; args "$@" => 3 <a> <b> <a b>
set with the positional parameters rotated => set a b c; set "$2" "$3" "$1"; args "$@" => 3 <b> <c> <a>

=== set -e: {0} [set]
$SH -c 'set -e; {1}
echo end'
echo "status $?"
---
{2}
+++
a command that fails ends the shell => false => status 1
a command that succeeds does not => true => end␤status 0
the status is the command's => (exit 3) => status 3
a function that fails ends the shell => f() { return 3; }; f => status 3
a failing command in a function ends the shell => f() { false; echo no; }; f => status 1
a failing command in a brace group ends the shell => { false; echo no; } => status 1
a failing command in a subshell ends that, and then the shell => (false; echo no) => status 1
a failing pipeline ends the shell => true | false => status 1
a pipeline whose last command succeeds does not => false | true => end␤status 0
the condition of if is not looked at => if false; then :; fi => end␤status 0
the condition of elif is not looked at => if false; then :; elif false; then :; fi => end␤status 0
the body of if is => if true; then false; fi => status 1
the body of else is => if false; then :; else false; fi => status 1
the condition of while is not looked at => while false; do :; done => end␤status 0
the condition of until is not looked at => i=0; until [ $((i+=1)) = 3 ]; do :; done => end␤status 0
the body of while is => while true; do false; done => status 1
the body of for is => for x in a; do false; done => status 1
the body of case is => case a in a) false;; esac => status 1
a command before && is not looked at => false && true => end␤status 0
the last command after && is => true && false => status 1
a command before || is not looked at => false || true => end␤status 0
the last command after || is => false || false => status 1
the middle of && and || is not looked at => true && false || true => end␤status 0
an and-or list that fails by its first does not end the shell => false && false => end␤status 0
a pipeline with ! is not looked at => ! true => end␤status 0
a pipeline with ! that succeeds is not either => ! false => end␤status 0
a subshell with ! is not looked at within => ! (false; true) => end␤status 0
an assignment of a failing substitution ends the shell => x=$(false) => status 1
a failing substitution in an argument does not => echo $(false) => ␤end␤status 0
a failing substitution in export does not => export x=$(false) => end␤status 0
a failing asynchronous list does not => false & wait => end␤status 0
waiting for a failing list does => (exit 3) & wait $! => status 3
a function in a condition is not looked at within => f() { false; echo in; }; if f; then :; fi => in␤end␤status 0
a function before && is not looked at within => f() { false; echo in; }; f && true => in␤end␤status 0
a function before || is not looked at within => f() { false; echo in; }; f || true => in␤end␤status 0
a function after ! is not looked at within => f() { false; echo in; }; ! f => in␤end␤status 0
a function after && is looked at within => f() { false; echo no; }; true && f => status 1
a subshell in a condition is not looked at within => if (false; echo in); then :; fi => in␤end␤status 0
a subshell before || is not looked at within => (false; echo in) || true => in␤end␤status 0
a brace group in a condition is not looked at within => if { false; echo in; }; then :; fi => in␤end␤status 0
a brace group before && is not looked at within => { false; echo in; } && true => in␤end␤status 0
a brace group whose and-or list fails first does not end the shell => { false && true; } => end␤status 0
an if whose and-or list fails first does not end the shell => if true; then false && true; fi => end␤status 0
a for whose and-or list fails first does not end the shell => for x in a; do false && true; done => end␤status 0
a function whose and-or list fails first ends it, for its call fails => f() { false && true; }; f => status 1
a subshell whose and-or list fails first ends it, for it fails itself => (false && true) => status 1
set -e in a condition's body => if true; then set -e; false; fi => status 1
set +e turns it off => set +e; false => end␤status 0
eval of a failing command ends the shell => eval false => status 1
eval in a condition is not looked at => if eval "false; true"; then :; fi => end␤status 0
a dot script with a failing command ends the shell => echo "false; echo no" >f; . ./f => status 1
a dot script in a condition is not looked at within => echo "false; echo in" >f; . ./f || : => in␤end␤status 0
a redirection that fails ends the shell => exec 2>/dev/null; echo a >/nonexistent/f => status 1
a command that is not found ends the shell => exec 2>/dev/null; no_such_command => status 127
a command substitution ends at a failing command, and then the shell => x=$(false; echo no) => status 1
the EXIT trap is executed => trap "echo trap" EXIT; false => trap␤status 1
a test in brackets ends the shell => [ a = b ] => status 1
a nested and-or list in a group before && is not looked at => { true; { false; echo in; }; } && true => in␤end␤status 0
a while's condition's last pipeline does not end the shell => while true && false; do :; done => end␤status 0
a body of while in a condition is not looked at => if while true; do false; break; done; then :; fi => end␤status 0
a case in a condition is not looked at => if case a in a) false; true;; esac; then :; fi => end␤status 0
a return of a failing status from a function in || does not end the shell => f() { return 3; }; f || : => end␤status 0
a signal's trap action that fails ends the shell => trap false USR1; kill -s USR1 $$; : => status 1
shift within the parameters does not end the shell => set a; shift => end␤status 0

=== set -o errexit is set -e [set]
$SH -c 'set -o errexit; false; echo no'
echo $?
---
1

=== -e on the command line is set -e [sh]
$ -e -c SCRIPT
echo a
false
echo no
--- 1
a
