# What several clauses say together, where shells have gone wrong.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [{3}]
{1}
---
{2}
+++
a here-document inside a command substitution inside double-quotes inside a here-document => cat <<A␤"$(cat <<B␤b "c"␤B␤)"␤A => "b "c"" => 2.7.4
a case in a substitution in double-quotes => args "$(case a in a) echo "b c";; esac)" => 1 <b c> => 2.6.3
a substitution with a comment that has an apostrophe, in double-quotes => args "$(echo a # it's␤)" => 1 <a> => 2.6.3
a nested parameter expansion with quotes in quotes => x=; args "${x:-"${y:-"a b"}"}" => 1 <a b> => 2.6.2
a pattern in a nested expansion in quotes => x='a*b'; args "${x%"${x#a}"}" => 1 <a> => 2.6.2
a quoted closing brace in a substitution in an expansion => args "${x:-$(echo "}")}" => 1 <}> => 2.6.2
back-quotes in double-quotes in back-quotes => args "`echo "\`echo a\`"`" => 1 <a> => 2.6.3
an arithmetic expansion with a substitution with a case => args $(( $(case 1 in 1) echo 2;; esac) + 1 )) => 1 <3> => 2.6.4
an arithmetic expansion in a parameter's word => args ${x:-$((1 + 2))} => 1 <3> => 2.6.2
a substitution that only looks like arithmetic => args $( (echo a) | (cat) ) => 1 <a> => 2.6.3
IFS white space around a quoted empty string => x=' '; args a$x''$x'b' => 3 <a> <> <b> => 2.6.5
fields of "$@" with text around an empty one => set -- '' a ''; args x"$@"y => 3 <x> <a> <y> => 2.5.2
"$@" between expansions that split => set -- 'a b' 'c d'; x='1 2'; args $x"$@"$x => 4 <1> <2a b> <c d1> <2> => 2.5.2
$@ beside quoted text => set -- a b; args 'x '$@' y' => 2 <x a> <b y> => 2.5.2
"$*" in a pattern => IFS=:; set -- a b; case a:b in "$*") echo yes;; esac => yes => 2.5.2
$* with an IFS that is a pattern character => IFS='*'; set -- a b; args "$*" => 1 <a*b> => 2.5.2
"${x#$*}" => set -- a; x=ab; args "${x#$*}" => 1 <b> => 2.6.2
a for over "$@" that the loop shifts => set -- a b c; for x in "$@"; do shift; echo $x $#; done => a 2␤b 1␤c 0 => 2.9.4.2
an alias to a compound command's piece with a redirection => alias e='fi >f'␤if true; then echo a; e␤cat f => a => 2.3.1
an alias with a trailing blank before a reserved word => alias a='! '␤a if false; then :; fi; echo $? => 1 => 2.3.1
an alias that ends in the middle of a quote => alias a='echo "b'␤a c" => b c => 2.3.1
a function that redefines itself in a pipeline stays => f() { echo 1; }; f() { echo 2; } | cat; f => 1 => 2.9.5
a function with a here-document called twice with other arguments => f() { cat <<E␤$*␤E␤}; f a; f b c => a␤b c => 2.7.4
a trap set in a function with a here-document => trap 'cat <<E␤end␤E' EXIT => end => 2.7.4
break in a loop in a function called from a loop => f() { while :; do break; done; echo f; }; for x in 1 2; do f; done => f␤f => break
continue in a nested case and if => for x in 1 2 3; do case $x in 2) if :; then continue; fi;; esac; echo $x; done => 1␤3 => continue
break out of a loop whose output is redirected => while :; do echo a; break; done >f; cat f => a => break
exit in a loop with redirected input => (while read x; do exit 4; done <<E␤a␤E␤); echo $? => 4 => exit
return from a loop with redirected input restores it => f() { while read x; do return 3; done </dev/null; read y; echo "$y"; }; echo in | f => in => return
a redirected loop in a pipeline keeps outer variables => x=0; while read y; do x=$((x+1)); done <<E␤1␤2␤E␤echo $x => 2 => 2.9.4.5
nested redirections are undone in order => { { echo a; echo b >&2; } 2>f; } >g; cat f g => b␤a => 2.7
a closed descriptor is closed again after its use => { { echo a >&3; } 3>f; { echo b >&3; } 2>/dev/null || echo closed; cat f; } => closed␤a => 2.7
exec in a brace group with a redirection => { exec 4>f; } >g; echo a >&4; cat f => a => 2.7
a redirection with a substitution that fails => { cat <$(exit 3); } 2>/dev/null || echo fails => fails => 2.7
an assignment and a function that changes the same variable => f() { x=3; }; x=1; x=2 f; case $x in 1|2|3) echo ok;; esac => ok => 2.9.1
a variable assigned before a built-in read is seen in IFS only there => IFS=, read a b <<E␤1,2␤E␤x=3,4; args $a $b $x => 3 <1> <2> <3,4> => 2.9.1
an expansion with a side effect in an assignment before a command => x=${y:=1} true; echo $y => 1 => 2.9.1
set -e and an assignment before a failing command => $SH -ec 'x=1 false; echo no' || echo $? => 1 => set
set -u and $@ in a function without arguments => set -u; f() { args "$@" $*; }; f => 0 => set
set -u and an array of defaults => set -u; args "${a:-b}" "${c-}" "${d:+e}" => 3 <b> <> <> => set
set -f and a pattern in case => set -f; case abc in a*) echo yes;; esac => yes => set
set -f and a pattern in a parameter expansion => set -f; x=abc; echo ${x#a*} => bc => set
set -C and a here-document => set -C; cat <<E␤a␤E => a => set
set -a and a function's assignment => set -a; f() { x=1; }; f; $SH -c 'echo $x' => 1 => set
getopts in a loop in a function with shift after it => f() { OPTIND=1; while getopts n: o; do n=$OPTARG; done; shift $((OPTIND-1)); echo "$n $*"; }; f -n 5 a b => 5 a b => getopts
eval with a here-document and what follows => eval 'cat <<E␤a␤E␤'; echo b => a␤b => eval
eval of a quoted list with set -- => x="'a b' c"; eval "set -- $x"; args "$@" => 2 <a b> <c> => eval
quoting for eval by sed => q() { printf "%s\n" "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }; x="it's a \$x"; eval "y=$(q "$x")"; [ "$x" = "$y" ] && echo same => same => eval
a deep nesting of braces, subshells and ifs => if { ( { if (true); then true; fi; } ) }; then echo a; fi => a => 2.9.4
a long list of && => true && true && true && true && true && true && true && true && echo a => a => 2.9.3
a pipeline of compound commands => for x in 1 2; do echo $x; done | while read x; do echo "<$x>"; done | { read x; cat; } => <2> => 2.9.2
! in a list in a condition => if ! false && ! false; then echo yes; fi => yes => 2.9.2
a comment after a line continuation => echo a \␤# comment␤echo b => a␤b => 2.3
a # after $ in braces and arithmetic => x=abc; echo ${#x} $((${#x}+1)) $# => 3 4 0 => 2.3
a newline in double-quotes in a parameter's word => args "${x:-a␤b}" => 1 <a␤b> => 2.6.2
a tilde in a nested default in an assignment => HOME=/h; x=${y:-~/a}; echo $x => /h/a => 2.6.1
a quoted tilde in PATH's assignment => HOME=/h; x="~":~; echo $x => ~:/h => 2.6.1
a field that begins with a # from an expansion => x='#a'; args $x => 1 <#a> => 2.6.5
an empty command substitution as a command with an argument => $(:) echo a => a => 2.9.1
an empty expansion before an assignment makes that a command => x=; $x y=1 2>/dev/null; echo $? => 127 => 2.9.1
$? after an empty expansion with a substitution => $(false); echo $? => 1 => 2.9.1
$? after a case without a match => false; case a in b) ;; esac; echo $? => 0 => 2.9.4.3
$? in a case's word => (exit 3); case $? in 3) echo yes;; esac => yes => 2.9.4.3
$? in a for loop's body at first => (exit 3); for x in $?; do echo $x; done => 3 => 2.9.4.2
$! after a subshell's asynchronous list => : & x=$!; (: &); [ $x = $! ] && echo same => same => 2.5.2
a unset IFS and "$*" and $* => unset IFS; set -- 'a b' c; args "$*" $* => 4 <a b c> <a> <b> <c> => 2.6.5
a backslash at the end of a pattern from a variable => x='a\'; case 'a\' in "$x") echo yes;; esac => yes => 2.14
a range with a class in a pattern removal => x=abc123; args ${x%%[[:digit:]]*} => 1 <abc> => 2.14
a bracket in a case pattern from a quoted expansion => x='[a]'; case a in "$x") echo no;; $x) echo yes;; esac => yes => 2.14
a glob with a quoted directory and a pattern => mkdir 'd d'; : >'d d/f1'; args 'd d'/f* => 1 <d d/f1> => 2.6.6
a glob that has an escaped slash => mkdir d; : >d/f; args d\/* => 1 <d/f> => 2.6.6
a glob from a variable with a quoted part => : >'a b'; x='a '; args "$x"* => 1 <a b> => 2.6.6
umask in a subshell with a redirection => umask 022; (umask 077; : >f); : >g; ls -l f g | cut -c1-10 => -rw-------␤-rw-r--r-- => umask
cd in a subshell in a pipeline => (cd / && pwd) | cat => / => cd
a command's name from a variable with arguments => x='args a'; $x b => 2 <a> <b> => 2.9.1
a descriptor used by a command substitution => exec 3>f; x=$(echo a >&3; echo b); cat f; echo $x => a␤b => 2.6.3
a command substitution that closes its output => x=$(exec >&-; echo a 2>/dev/null); echo "<$x>" => <> => 2.6.3
an asynchronous list in a function with its parameters => f() { { echo $1 >f; } & wait; cat f; }; f a => a => 2.9.3
a read from a here-document in a function in a loop of a pipeline => f() { read x <<E␤$1␤E␤echo "<$x>"; }; printf '1\n2\n' | while read y; do f $y; done => <1>␤<2> => read
unset -f in a subshell leaves the function => f() { echo a; }; (unset -f f); f => a => unset
readonly in a subshell does not hold outside => (readonly x=1); x=2; echo $x => 2 => readonly
export -n is not used: unset and assign unexports => export x=1; y=$x; unset x; x=$y; $SH -c 'echo ${x-unset}' => unset => export
printf with a format from a variable => f='%s-%s\n'; printf "$f" a b => a-b => printf
test with three words of which the middle is no operator is an error => test a b c 2>/dev/null; [ $? -ge 2 ] && echo yes => yes => test
test ! with a binary primary of four words => test ! a = b; echo $? => 0 => test
test ( = ) compares => test '(' = ')'; echo $? => 1 => test
trap in a function and exit in it => (f() { trap 'echo t' EXIT; exit 3; }; f); echo $? => t␤3 => trap
trap EXIT with a subshell's own exit status => (trap 'echo $?' EXIT; (exit 5)) || : => 5 => trap

=== commands in a process of their own have no effect on the shell: {0} [2.13]
exec 9>&1 >/dev/null 2>&1
trap 'echo signal >&9' USR1; v=old; SECONDS=0; umask 022; f() { :; }
look() { if {2}; then echo same; else echo "$1"; fi >&9; }
eval '{3}'; ({1}); look subshell
eval '{3}'; ({1}; :); look subshell2
eval '{3}'; x=$({1}); look substitution
eval '{3}'; x=$({1}; :); look substitution2
eval '{3}'; x=$(eval '{1}'); look substitution3
eval '{3}'; { {1}; } | cat; look first
eval '{3}'; : | { {1}; }; look last
eval '{3}'; {1} | cat; look alone
eval '{3}'; { {1}; } & wait; look background
eval '{3}'; {1} & wait; look background2
eval '{3}'; ( ({1}) ); look twice
---
same
same
same
same
same
same
same
same
same
same
same
+++
a variable => v=new => [ $v = old ]
a variable by read => read v <<<new => [ $v = old ]
a variable by arithmetic => : $((v=1)) => [ $v = old ]
a variable by a default => : ${w=new} => [ -z "$w" ]
a variable unset => unset v => [ $v = old ]
a variable exported => export v => ! env | grep -q ^v=old
a variable that is read-only => readonly v => v=old
SECONDS => SECONDS=100 => [ $SECONDS -lt 50 ]
SECONDS before a program => SECONDS=100 env => [ $SECONDS -lt 50 ]
RANDOM => RANDOM=7 => [ $RANDOM = $r ] => RANDOM=1; r=$RANDOM; RANDOM=1
RANDOM that is read => echo $RANDOM => [ $RANDOM = $r ] => RANDOM=1; r=$RANDOM; RANDOM=1
RANDOM that a program gets => env echo $RANDOM => [ $RANDOM = $r ] => RANDOM=1; r=$RANDOM; RANDOM=1
OPTIND => OPTIND=2 env => [ $OPTIND = 1 ]
getopts => getopts ab o -ab => [ $OPTIND = 1 ]
options => set -f => case $- in *f*) false;; esac
the directory => cd / => [ "$PWD" != / ] && [ "$(pwd)" != / ]
umask => umask 077 => [ $(umask) = 0022 ]
limits => ulimit -n 30 => [ $(ulimit -n) -gt 30 ]
a function => f() { return 1; } => f
a function unset => unset -f f => f
an alias => alias al=b => ! alias al
a trap => trap "" USR2 => [ "$(trap | grep -c USR2)" = 0 ]
a trap reset => trap - USR1 => [ "$(trap | grep -c USR1)" = 1 ]
descriptors => exec 3>f => ! { true >&3; }
standard output => exec >&- => true >&1
exit => exit 3 => true
exec => exec true => true
an error => : ${nope?} => true
a read-only variable's error => { readonly ro=1; ro=2; } => true
its process id => { read -r p _ </proc/self/stat; echo $p >f; } => [ $(cat f) != $$ ]
a signal to itself => { read -r p _ </proc/self/stat; kill -s USR1 $p; } => true
the parent of its programs => { $SH -c "echo \$PPID" >f; :; } => [ $(cat f) != $$ ]
a signal to the parent of its programs => { $SH -c "kill -s USR1 \$PPID"; :; } => true
