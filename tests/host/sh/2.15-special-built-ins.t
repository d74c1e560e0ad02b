# The special built-in utilities, but for set and trap.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [{3}]
{1}
---
{2}
+++
break leaves the innermost loop => for x in a b; do for y in 1 2; do break; done; echo $x$y; done => a1␤b1 => break
break 1 is as break => for x in a b; do echo $x; break 1; done => a => break
break 2 leaves two loops => for x in a b; do for y in 1 2; do echo $x$y; break 2; done; done => a1 => break
break n with too great an n leaves all loops => for x in a b; do for y in 1 2; do echo $x$y; break 9; done; done; echo end => a1␤end => break
break leaves a while loop => while :; do echo a; break; done => a => break
break leaves an until loop => until false; do echo a; break; done => a => break
break has the status 0 => for x in a; do false; break; done; echo $? => 0 => break
break in a condition of while leaves the loop => while break; do echo no; done; echo end => end => break
break in an if in a loop => for x in a b c; do if [ $x = b ]; then break; fi; echo $x; done => a => break
break in a case in a loop => for x in a b; do case $x in a) break;; esac; done; echo $x => a => break
break in a brace group in a loop => for x in a b; do { break; }; echo no; done; echo $x => a => break
break in an and-or list => for x in a b; do true && break; echo no; done; echo $x => a => break
break in an eval in a loop => for x in a b; do eval break; echo no; done; echo $x => a => break
break by command => for x in a b; do command break; echo no; done; echo $x => a => break
continue begins the next round => for x in a b c; do [ $x = b ] && continue; echo $x; done => a␤c => continue
continue 2 goes on with the enclosing loop's next round => for x in a b; do for y in 1 2; do echo $x$y; continue 2; done; echo no; done => a1␤b1 => continue
continue n with too great an n is the outermost loop's => for x in a b; do for y in 1 2; do echo $x$y; continue 9; done; done => a1␤b1 => continue
continue in while evaluates the condition => i=0; while [ $((i+=1)) -lt 4 ]; do [ $i = 2 ] && continue; echo $i; done => 1␤3 => continue
continue in until evaluates the condition => i=0; until [ $((i+=1)) -ge 4 ]; do [ $i = 2 ] && continue; echo $i; done => 1␤3 => continue
continue has the status 0 => for x in a; do false; continue; done; echo $? => 0 => continue
continue in the last round ends the loop => for x in a b; do continue; echo no; done; echo $x => b => continue
continue in an eval => for x in a b; do eval continue; echo no; done; echo $x => b => continue
: does nothing => : a b c; echo $? => 0 => colon
: expands its arguments => : ${x=1}; echo $x => 1 => colon
: takes arguments that look like options => : -x --; echo $? => 0 => colon
. executes a file in the shell => echo 'x=1' >f; . ./f; echo $x => 1 => dot
. has the status of the last command => echo '(exit 3)' >f; . ./f; echo $? => 3 => dot
. of an empty file has the status 0 => >f; false; . ./f; echo $? => 0 => dot
. looks for a name without a slash in PATH => mkdir d; echo 'echo a' >d/f; PATH=$PWD/d:$PATH; . f => a => dot
. does not need permission to execute => mkdir d; echo 'echo a' >d/f; chmod -x d/f; PATH=$PWD/d:$PATH; . f => a => dot
. sees and changes positional parameters => echo 'echo $1; set b' >f; set a; . ./f; echo $1 => a␤b => dot
. may be nested => echo '. ./g' >f; echo 'echo g' >g; . ./f => g => dot
. may define functions => echo 'f() { echo a; }' >f; . ./f; f => a => dot
. is left by return => echo 'echo a; return 3; echo no' >f; . ./f; echo $? => a␤3 => dot
. sees $? at its beginning => echo 'echo $?' >f; (exit 3); . ./f => 3 => dot
. is not left by the end of the shell's options => echo 'set -f' >f; . ./f; echo * => * => dot
. in a function is left by return, the function is not => echo 'return' >s; f() { . ./s; echo after; }; f => after => dot
. with a path with .. => mkdir d; echo 'echo a' >f; cd d; . ../f => a => dot
. takes -- => echo 'echo a' >f; . -- ./f => a => dot
. may break out of a loop, or not: the shell goes on => echo 'break 2>/dev/null' >s; for x in a b; do . ./s; done; echo end => end => dot
. reads a file as it is at that time => echo 'echo a' >f; . ./f; echo 'echo b' >f; . ./f => a␤b => dot
eval executes its arguments as commands => eval 'echo a' => a => eval
eval joins its arguments by spaces => eval echo 'a;' echo b => a␤b => eval
eval expands again => x='$y' y=1; eval echo $x => 1 => eval
eval without arguments has the status 0 => false; eval; echo $? => 0 => eval
eval with null arguments has the status 0 => false; eval '' ''; echo $? => 0 => eval
eval has the status of the commands => eval '(exit 3)'; echo $? => 3 => eval
eval sees $? => (exit 3); eval 'echo $?' => 3 => eval
eval affects the shell => eval 'x=1'; echo $x => 1 => eval
eval may hold several lines => eval 'echo a␤echo b' => a␤b => eval
eval may define a function => eval 'f() { echo a; }'; f => a => eval
eval makes an indirect reference => x=y y=1; eval "z=\$$x"; echo $z => 1 => eval
eval takes -- => eval -- echo a => a => eval
eval is left by return in a function => f() { eval 'return 3'; echo no; }; f; echo $? => 3 => eval
eval may be nested => eval 'eval "echo a"' => a => eval
eval of only a comment has the status 0 => false; eval '# a'; echo $? => 0 => eval
exec replaces the shell => (exec echo a; echo no) => a => exec
the status of exec reaches the process that waits => (exec $SH -c 'exit 3'); echo $? => 3 => exec
exec keeps the process id => $SH -c 'echo $$; exec $SH -c "echo \$\$"' | { read x; read y; [ $x = $y ] && echo yes; } => yes => exec
exec with redirections alone keeps them => exec >f; echo a; exec >&2; cat f 2>/dev/null >&2 || :; exec >/dev/null =>  => exec
exec without anything does nothing => exec; echo a => a => exec
exec takes -- => (exec -- echo a) => a => exec
exec of a command that is not found has the status 127 => (exec no_such_command) 2>/dev/null; echo $? => 127 => exec
exec of a file that is not executable has the status 126 => >f; (exec ./f) 2>/dev/null; echo $? => 126 => exec
exec of a command that is not found does not return, though command executes it => (command exec no_such_command; echo no) 2>/dev/null; echo $? => 127 => exec
exec has exported variables for its command => export x=1; (exec $SH -c 'echo $x') => 1 => exec
exec executes no built-in's or function's name but a utility => echo() { :; }; (exec echo a) => a => exec
exec closes a descriptor => exec 3>f; exec 3>&-; { echo a >&3; } 2>/dev/null || echo closed => closed => exec
exec does not execute the EXIT trap => (trap 'echo no' EXIT; exec echo a) => a => exec
exec leaves ignored signals ignored => (trap '' TERM; exec $SH -c 'kill -s TERM $$; echo a') => a => exec
exit ends the shell => (exit; echo no); echo a => a => exit
exit n has the status n => (exit 3); echo $? => 3 => exit
exit without n has the status of the last command => (false; exit); echo $? => 1 => exit
exit 0 after a failure has the status 0 => (false; exit 0); echo $? => 0 => exit
exit in a function ends the shell => (f() { exit 4; }; f; echo no); echo $? => 4 => exit
exit in a dot script ends the shell => echo 'exit 5' >f; (. ./f; echo no); echo $? => 5 => exit
exit in an eval ends the shell => (eval 'exit 6'; echo no); echo $? => 6 => exit
exit in a loop ends the shell => (while :; do exit 7; done; echo no); echo $? => 7 => exit
exit executes the EXIT trap => (trap 'echo trap' EXIT; exit 3); echo $? => trap␤3 => exit
exit in an EXIT trap has its status => (trap 'exit 4' EXIT; exit 3); echo $? => 4 => exit
exit without n in an EXIT trap has the status from before the trap => (trap 'false; exit' EXIT; exit 3); echo $? => 3 => exit
exit without n in a signal's trap has the status from before the trap => (trap 'true; exit' USR1; $SH -c "kill -s USR1 \$PPID; exit 3"; echo) ; echo $? => 3 => exit
exit's status is an expression's result => x=3; (exit $((x + 1))); echo $? => 4 => exit
export has a variable in the environment => x=1; export x; $SH -c 'echo $x' => 1 => export
export assigns => export x=1; $SH -c 'echo $x' => 1 => export
export takes several => export x=1 y z=3; y=2; $SH -c 'echo $x$y$z' => 123 => export
export of an unset variable does not set it => export x; echo ${x-unset}; $SH -c 'echo ${x-unset}' => unset␤unset => export
export of a variable that is set later has it in the environment => export x; x=1; $SH -c 'echo $x' => 1 => export
export does not split an assignment => y='a  b'; export x=$y; args "$x" => 1 <a  b> => export
export does not expand a pattern in an assignment => >x=f; export x=*; echo "$x" => * => export
export takes an assignment from an expansion => y='x=1'; export $y; echo $x => 1 => export
export takes -- => export -- x=1; echo $x => 1 => export
export -p writes what can be read again => export x="a'b  c\$"; y=$(export -p); unset x; eval "$y"; printf '%s\n' "$x" => a'b  c$ => export
export -p writes exported variables as export name=value => export xyz=1; export -p | grep '^export xyz=' | tr -d "'\"" => export xyz=1 => export
export -p writes an unset variable without a value => export xyz; export -p | grep xyz => export xyz => export
export -p does not write others => xyz=1; export -p | grep xyz || echo none => none => export
export has the status 0 => false; export x=1; echo $? => 0 => export
export of an imported variable is kept => export HOME; $SH -c 'test -n "$HOME" && echo yes' => yes => export
export in a function is the shell's => f() { export x=1; }; f; $SH -c 'echo $x' => 1 => export
readonly forbids an assignment => readonly x=1; (x=2; echo no) 2>/dev/null; echo $x => 1 => readonly
readonly forbids unset => readonly x=1; (unset x; true) 2>/dev/null; echo $x => 1 => readonly
readonly of an unset variable forbids an assignment => readonly x; (x=1; echo no) 2>/dev/null; echo ${x-unset} => unset => readonly
readonly forbids read => readonly x=1; (echo 2 | read x) 2>/dev/null; echo $x => 1 => readonly
readonly assigns => readonly x=1 y=2; echo $x$y => 12 => readonly
readonly does not split an assignment => y='a  b'; readonly x=$y; args "$x" => 1 <a  b> => readonly
readonly twice is no error => readonly x=1; readonly x; echo $x => 1 => readonly
readonly variables may be exported => readonly x=1; export x; $SH -c 'echo $x' => 1 => readonly
readonly is not passed on to commands => readonly x=1; export x; $SH -c 'x=2; echo $x' => 2 => readonly
readonly -p writes what can be read again => readonly x="a'b  c"; readonly -p | grep '^readonly x=' >f; $SH -c '. ./f; printf "%s\n" "$x"' => a'b  c => readonly
readonly -p writes an unset variable without a value => readonly xyz; readonly -p | grep xyz => readonly xyz => readonly
readonly takes -- => readonly -- x=1; echo $x => 1 => readonly
readonly has tilde expansion => HOME=/h; readonly x=~; echo $x => /h => readonly
return leaves a function => f() { return; echo no; }; f; echo a => a => return
return n has the status n => f() { return 3; }; f; echo $? => 3 => return
return without n has the status of the last command => f() { false; return; }; f; echo $? => 1 => return
return leaves a loop in the function => f() { for x in a b; do echo $x; return; done; }; f => a => return
return leaves only the innermost function => f() { g; echo f; }; g() { return; }; f => f => return
return in an eval in a function => f() { eval 'return 3'; }; f; echo $? => 3 => return
return in a brace group, an if and a case => f() { { if :; then case a in a) return 3;; esac; fi; }; echo no; }; f; echo $? => 3 => return
return in an and-or list => f() { true && return 3; echo no; }; f; echo $? => 3 => return
return 0 after a failure has the status 0 => f() { false; return 0; }; f; echo $? => 0 => return
return by command => f() { command return 3; echo no; }; f; echo $? => 3 => return
return in a while's condition => f() { while return 3; do :; done; echo no; }; f; echo $? => 3 => return
return in a trap action within a function => f() { kill -s USR1 $$; return 5; }; trap : USR1; f; echo $? => 5 => return
shift drops the first parameter => set a b c; shift; args "$@" => 2 <b> <c> => shift
shift n drops n parameters => set a b c; shift 2; args "$@" => 1 <c> => shift
shift 0 drops none => set a b; shift 0; args "$@" => 2 <a> <b> => shift
shift of all leaves none => set a b; shift 2; args "$@" => 0 => shift
shift has the status 0 => set a; false; shift; echo $? => 0 => shift
shift in a function is the function's => f() { shift; args "$@"; }; set x; f a b; args "$@" => 1 <b>␤1 <x> => shift
shift counts down $# => set a b c; shift; echo $# => 2 => shift
shift in a loop goes over the parameters => set a b; while [ $# -gt 0 ]; do echo $1; shift; done => a␤b => shift
times writes two lines of two times each => times | grep -c '^[0-9]*m[0-9.]*s [0-9]*m[0-9.]*s$' => 2 => times
times has the status 0 => times >/dev/null; echo $? => 0 => times
unset takes away a variable => x=1; unset x; echo ${x-unset} => unset => unset
unset -v takes away a variable => x=1; unset -v x; echo ${x-unset} => unset => unset
unset -f takes away a function => f() { :; }; unset -f f; f 2>/dev/null; echo $? => 127 => unset
unset -v leaves a function => x() { echo f; }; x=1; unset -v x; x => f => unset
unset -f leaves a variable => x() { :; }; x=1; unset -f x; echo $x => 1 => unset
unset takes several => x=1 y=2; unset x y; echo ${x-unset} ${y-unset} => unset unset => unset
unset of an unset variable is no error => unset no_such_variable; echo $? => 0 => unset
unset -f of an unset function is no error => unset -f no_such_function; echo $? => 0 => unset
unset differs from null => x=; y=; unset y; echo "${x-a}${y-b}" => b => unset
unset takes away the export => export x=1; unset x; x=2; $SH -c 'echo ${x-unset}' => unset => unset
unset takes -- => x=1; unset -- x; echo ${x-unset} => unset => unset
unset of HOME and IFS and PATH is allowed => unset HOME IFS; x='a b'; args $x => 2 <a> <b> => unset
unset in a function is the shell's => f() { unset x; }; x=1; f; echo ${x-unset} => unset => unset

=== exec keeps a redirection of standard output [exec]
exec 3>&1 >f
echo a
exec >&3 3>&-
cat f
---
a

=== exit in an asynchronous list has its status [exit]
exit 3 &
wait $!
echo $?
---
3

=== export -p and readonly -p list names once each and sorted or not [export]
export a_1=1 b_2=2
readonly c_3=3
export -p | grep -c '^export [ab]_'
readonly -p | grep -c '^readonly c_3='
---
2
1

=== return outside a function and a dot script gives its status, as far as the standard requires [return]
$SH -c 'return 3' 2>/dev/null
test $? -gt 0 && echo yes
---
yes
