# Compound commands and functions.

=== {0} [{3}]
{1}
---
{2}
+++
a subshell does not affect the shell's variables => x=1; (x=2; echo $x); echo $x => 2␤1 => 2.9.4.1
a subshell does not affect the shell's directory => mkdir d; (cd d); basename "$PWD" | grep -c '^d$' || : => 0 => 2.9.4.1
a subshell does not affect the shell's options => (set -f); case $- in *f*) echo on;; *) echo off;; esac => off => 2.9.4.1
a subshell does not affect the shell's functions => (ff() { :; }); ff 2>/dev/null; echo $? => 127 => 2.9.4.1
a subshell does not affect the shell's positional parameters => set a; (set b c); echo $@ => a => 2.9.4.1
a subshell does not affect the shell's traps => (trap 'echo a' INT); trap =>  => 2.9.4.1
a subshell does not affect the shell's aliases => (alias xx=a); alias xx 2>/dev/null || echo none => none => 2.9.4.1
a subshell does not affect the shell's umask => umask 022; (umask 077); umask => 0022 => 2.9.4.1
a subshell does not affect the shell's open files => (exec >/dev/null); echo a => a => 2.9.4.1
a subshell's exit status is its last command's => (true; exit 3); echo $? => 3 => 2.9.4.1
exit in a subshell ends only that => (exit 0; echo no); echo a => a => 2.9.4.1
a subshell may be nested => (echo a; (echo b; (echo c))) => a␤b␤c => 2.9.4.1
a subshell within a subshell may begin with two parentheses apart => ( (echo a) ) => a => 2.9.4.1
a subshell may be over several lines => (␤echo a␤echo b␤) => a␤b => 2.9.4.1
a subshell may end after a ; or & => (echo a;); (: &) => a => 2.9.4.1
a subshell sees the shell's variables that are not exported => x=1; (echo $x) => 1 => 2.9.4.1
return in a subshell in a function ends the subshell => f() { (return 3); echo $?; }; f => 3 => 2.9.4.1
a redirection of a subshell => (echo a) >f; cat f => a => 2.9.4.1
a brace group is in the shell => x=1; { x=2; }; echo $x => 2 => 2.9.4.1
a brace group's exit status is its last command's => { true; (exit 3); }; echo $? => 3 => 2.9.4.1
a brace group may be nested => { { echo a; }; { echo b; }; } => a␤b => 2.9.4.1
a brace group may be over several lines => {␤echo a␤echo b␤} => a␤b => 2.9.4.1
a brace group may end after & => { : & } ; echo a => a => 2.9.4.1
exit in a brace group ends the shell => (if :; then { exit 3; }; fi; echo no); echo $? => 3 => 2.9.4.1
for executes its list for each word => for x in a b c; do echo $x; done => a␤b␤c => 2.9.4.2
for without in goes over the positional parameters => set a 'b c'; for x do echo "$x"; done => a␤b c => 2.9.4.2
for without in may have a ; before do => set a b; for x; do echo "$x"; done => a␤b => 2.9.4.2
for without in may have a newline before do => set a b; for x␤do echo "$x"; done => a␤b => 2.9.4.2
for with in may have a newline before it => for x␤in a b; do echo "$x"; done => a␤b => 2.9.4.2
for with in and no words does nothing => set a; for x in; do echo no; done; echo $? => 0 => 2.9.4.2
for with words that expand to nothing does nothing => e=; x=old; for x in $e; do echo no; done; echo $? $x => 0 old => 2.9.4.2
for without a round has the status 0 => false; for x in; do :; done; echo $? => 0 => 2.9.4.2
for has the status of its last command => for x in a b; do (exit 3); done; echo $? => 3 => 2.9.4.2
for's variable keeps its last value => for x in a b; do :; done; echo $x => b => 2.9.4.2
for's words are expanded once before the first round => y='a b'; for x in $y; do y=c; echo $x; done => a␤b => 2.9.4.2
for's variable may be changed in the list => for x in a b; do x=c$x; echo $x; done => ca␤cb => 2.9.4.2
for with the positional parameters continues even if they change => set a b; for x do set c; echo $x; done => a␤b => 2.9.4.2
for loops may be nested => for x in a b; do for y in 1 2; do echo $x$y; done; done => a1␤a2␤b1␤b2 => 2.9.4.2
for's variable may be named as a reserved word => for if in a; do echo $if; done => a => 2.9.4.2
for's list may end in & => for x in a; do echo $x >f & done; wait; cat f => a => 2.9.4.2
case executes the list of the first pattern that matches => case b in a) echo 1;; b) echo 2;; b) echo 3;; esac => 2 => 2.9.4.3
case with no match does nothing, with status 0 => false; case a in b) echo no;; esac; echo $? => 0 => 2.9.4.3
case with a match but no commands has the status 0 => false; case a in a) ;; esac; echo $? => 0 => 2.9.4.3
case has the status of the list => case a in a) (exit 3);; esac; echo $? => 3 => 2.9.4.3
case's item may have several patterns => case b in a|b|c) echo yes;; esac => yes => 2.9.4.3
case's patterns may have blanks around | => case b in a | b ) echo yes ;; esac => yes => 2.9.4.3
case's item may begin with a parenthesis => case a in (a) echo yes;; (b) echo no;; esac => yes => 2.9.4.3
case's last item may do without ;; => case a in a) echo yes; esac => yes => 2.9.4.3
case's last item may end in a newline => case a in a) echo yes␤esac => yes => 2.9.4.3
case may have no items => case a in esac; echo $? => 0 => 2.9.4.3
case may have newlines before in and after => case a␤in␤␤a) echo yes␤;;␤␤esac => yes => 2.9.4.3
case's patterns match anything with * => case abc in *) echo yes;; esac => yes => 2.9.4.3
case's ? matches one character => case a in ??) echo no;; ?) echo yes;; esac => yes => 2.9.4.3
case's bracket expression matches => case b in [ac]) echo no;; [!ac]) echo yes;; esac => yes => 2.9.4.3
case's quoted pattern is a string => case a in '*') echo no;; *) echo yes;; esac => yes => 2.9.4.3
case's pattern from a variable is a pattern => p='a*'; case abc in $p) echo yes;; esac => yes => 2.9.4.3
case's pattern from a quoted variable is a string => p='a*'; case abc in "$p") echo no;; *) echo yes;; esac => yes => 2.9.4.3
case's word is expanded once => x=a; case $x$(echo b) in ab) echo yes;; esac => yes => 2.9.4.3
case's word is not split => x='a b'; case $x in 'a b') echo yes;; esac => yes => 2.9.4.3
case's word may be empty => case '' in '') echo yes;; esac; case $u in '') echo yes;; esac => yes␤yes => 2.9.4.3
case's patterns after the match are not expanded => case a in a) echo yes;; $(echo >f)) ;; esac; ls => yes => 2.9.4.3
case's patterns before the match are expanded => case a in $(echo b >f; echo b)) ;; a) echo yes;; esac; ls => yes␤f => 2.9.4.3
case's period at the beginning is matched by * => case .a in *) echo yes;; esac => yes => 2.9.4.3
case's slash is matched by * => case a/b in a*b) echo yes;; esac => yes => 2.9.4.3
case's ;& goes on with the next list => case a in a) echo 1;& b) echo 2;; c) echo 3;; esac => 1␤2 => 2.9.4.3
case's ;& goes on through several lists => case a in a) echo 1;& b) echo 2;& c) echo 3;; esac => 1␤2␤3 => 2.9.4.3
case's ;& in the last item ends => case a in a) echo 1;& esac => 1 => 2.9.4.3
case may be nested => case a in a) case b in b) echo yes;; esac;; esac => yes => 2.9.4.3
case's word may be a quoted reserved word => case in in 'in') echo yes;; esac => yes => 2.9.4.3
case's tilde in a pattern is expanded => case $HOME in ~) echo yes;; esac => yes => 2.9.4.3
if executes then if the condition succeeds => if true; then echo a; fi => a => 2.9.4.4
if does not execute then if the condition fails => if false; then echo a; fi; echo b => b => 2.9.4.4
if executes else if the condition fails => if false; then echo a; else echo b; fi => b => 2.9.4.4
if executes elif's list => if false; then echo a; elif true; then echo b; else echo c; fi => b => 2.9.4.4
if tries several elifs => if false; then :; elif false; then :; elif true; then echo c; elif true; then echo d; fi => c => 2.9.4.4
if executes else after elifs => if false; then :; elif false; then :; else echo e; fi => e => 2.9.4.4
if without a list executed has the status 0 => if false; then :; fi; echo $? => 0 => 2.9.4.4
if with elif without a list executed has the status 0 => if false; then :; elif (exit 3); then :; fi; echo $? => 0 => 2.9.4.4
if has the status of the list => if true; then (exit 3); fi; echo $? => 3 => 2.9.4.4
if has the status of the else list => if false; then :; else (exit 4); fi; echo $? => 4 => 2.9.4.4
if's condition may be a list, of which the last counts => if false; true; then echo a; fi => a => 2.9.4.4
if's condition may be negated => if ! false; then echo a; fi => a => 2.9.4.4
if's condition's variables stay => if x=1; then echo $x; fi => 1 => 2.9.4.4
if may be nested => if true; then if false; then :; else echo a; fi; fi => a => 2.9.4.4
if sees the condition's $? in else => if (exit 3); then :; else echo $?; fi => 3 => 2.9.4.4
while repeats as long as the condition succeeds => i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done => 0␤1␤2 => 2.9.4.5
while does nothing if the condition fails at first => while false; do echo no; done; echo $? => 0 => 2.9.4.5
while has the status of the last list executed => i=0; while [ $((i+=1)) -lt 3 ]; do (exit $((i+4))); done; echo $? => 6 => 2.9.4.5
while's condition may be a list => i=0; while i=$((i+1)); [ $i -lt 3 ]; do echo $i; done => 1␤2 => 2.9.4.5
while's condition's status does not count => while (exit 3); do :; done; echo $? => 0 => 2.9.4.5
while may read lines => printf 'a b\nc\n' | while read x y; do echo "$x-$y"; done => a-b␤c- => 2.9.4.5
until repeats as long as the condition fails => i=0; until [ $i -ge 3 ]; do echo $i; i=$((i+1)); done => 0␤1␤2 => 2.9.4.6
until does nothing if the condition succeeds at first => until true; do echo no; done; echo $? => 0 => 2.9.4.6
until has the status of the last list executed => i=0; until [ $((i+=1)) -ge 3 ]; do (exit $((i+4))); done; echo $? => 6 => 2.9.4.6
a loop's do may be on a line of its own => while true␤do␤echo a␤break␤done => a => 2.9.4.5
a loop in a function is left by return => f() { while :; do return 3; done; }; f; echo $? => 3 => 2.9.4.5
a function is executed by its name => f() { echo a; }; f => a => 2.9.5
a function's arguments are its positional parameters => f() { echo $# "$1" "$2"; }; f 'a b' c => 2 a b c => 2.9.5
a function's $0 is not changed => f() { echo "$0"; }; test "$(f)" = "$0" && echo yes => yes => 2.9.5
a function's positional parameters are the caller's again after it => f() { :; }; set a; f b; echo $1 => a => 2.9.5
a function's set does not change the caller's parameters => f() { set x y z; }; set a; f; echo $# => 1 => 2.9.5
a function's shift does not change the caller's parameters => f() { shift; }; set a b; f 1 2; echo $# => 2 => 2.9.5
a function's variables are the shell's => f() { x=2; }; x=1; f; echo $x => 2 => 2.9.5
a function's exit status is its last command's => f() { (exit 3); }; f; echo $? => 3 => 2.9.5
a function's definition has the status 0 => false; f() { false; }; echo $? => 0 => 2.9.5
a function is not executed when it is defined => f() { echo no; }; echo a => a => 2.9.5
a function may be defined again => f() { echo a; }; f() { echo b; }; f => b => 2.9.5
a function may define itself anew while it is executed => f() { f() { echo b; }; echo a; }; f; f => a␤b => 2.9.5
a function may unset itself while it is executed => f() { unset -f f; echo a; }; f; f 2>/dev/null || echo none => a␤none => 2.9.5
a function may define another => f() { g() { echo g; }; }; f; g => g => 2.9.5
a function may call itself => f() { [ $1 -eq 0 ] || { echo $1; f $(($1 - 1)); }; }; f 3 => 3␤2␤1 => 2.9.5
a function may call one that is defined later => f() { g; }; g() { echo g; }; f => g => 2.9.5
a function's body may be a subshell => f() (x=2; echo $x); x=1; f; echo $x => 2␤1 => 2.9.5
a function's body may be an if => f() if true; then echo a; fi; f => a => 2.9.5
a function's body may be a for loop => f() for x do echo $x; done; f a b => a␤b => 2.9.5
a function's body may be a case => f() case $1 in a) echo yes;; esac; f a => yes => 2.9.5
a function's body may be a while loop => f() while read x; do echo "<$x>"; done; echo a | f => <a> => 2.9.5
a function's body may be on the next line => f()␤{ echo a; }; f => a => 2.9.5
a function's parentheses may have blanks => f ( ) { echo a; }; f => a => 2.9.5
a function's redirection is expanded at the call => f() { echo a; } >$1; f x; cat x => a => 2.9.5
a function's name may be a variable's name too => f=var; f() { echo $f; }; f => var => 2.9.5
a function's name may have digits and underscores => f_1() { echo a; }; f_1 => a => 2.9.5
a function may be in a pipeline and a condition => f() { grep -q a; }; if echo a | f; then echo yes; fi => yes => 2.9.5
a function is known in a subshell => f() { echo a; }; (f) => a => 2.9.5
a function of a subshell is not known outside => (f1() { :; }); f1 2>/dev/null || echo none => none => 2.9.5
a function's arguments may be empty => f() { echo $#; }; f '' '' => 2 => 2.9.5
a function without arguments has none => f() { echo $#; }; set a b; f => 0 => 2.9.5
a function's "$@" are its arguments => f() { for x do echo "$x"; done; }; f "a b" c => a b␤c => 2.9.5
a function's recursion keeps parameters for each level => f() { if [ $1 -gt 0 ]; then f $(($1-1)); fi; echo $1; }; f 2 => 0␤1␤2 => 2.9.5
a function keeps the name of a utility apart => echo() { printf '%s\n' "f $1"; }; echo a => f a => 2.9.5
command executes no function => echo() { :; }; command echo a => a => 2.9.5
exit in a function ends the shell => (f() { exit 3; }; f; echo no); echo $? => 3 => 2.9.5
a deep recursion of 1000 levels works => f() { [ $1 -eq 0 ] && echo end || f $(($1-1)); }; f 1000 => end => 2.9.5

=== the syntax error is found: {0} [2.10]
echo before
eval '{0}'
echo after
--- >0 stderr
before
+++
if
if true
if true; then
if true; then fi
if true; fi
if; then :; fi
if true; then :; else fi
if true; then :; elif
while
while true
while true; do
while true; do done
while; do :; done
until true; do
for
for x
for x in a
for x in a; do
for x in a; do done
for x do done
for 1x in a; do :; done
for x y; do :; done
for x in a do :; done
case
case a
case a in
case a in a
case a in a) echo
case a in a) echo;; b
case a of esac
case a in ) esac
{
{ echo
{ }
}
(
(echo
()
( )
)
| cat
echo |
echo &&
echo ||
&& echo
; echo
& echo
echo ;; echo
echo ; ; echo
echo | | cat
echo && && echo
! 
f()
f() {
f( { echo; }
f(a) { echo; }
echo (a)
echo a (b)
echo >
echo <
echo > > f
echo <<
echo > ;
echo $(echo
echo `echo
echo ${x
echo $((1
echo "a
echo $(if)
x=(
then
do
done
fi
esac
else
elif
if true; then :; done
while true; do :; fi
for x in a; do :; fi
{ :; )
( :; }
if true; then :; fi echo
(:) echo
{ :; } echo
