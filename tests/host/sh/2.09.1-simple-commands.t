# Simple commands: the order of expansion, assignments, command search.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [2.9.1]
{1}
---
{2}
+++
words are expanded before assignments are made => x=old; x=new args $x => 1 <old>
assignments without a command affect the shell => x=1 y=2; args $x $y => 2 <1> <2>
assignments are made from left to right => x=1 y=$x; args $y => 1 <1>
an assignment before a utility goes to its environment => x=1 $SH -c 'echo $x' => 1
an assignment before a utility does not affect the shell => x=1; x=2 $SH -c :; echo $x => 1
an assignment before a utility overrides an exported variable => export x=1; x=2 $SH -c 'echo $x'; echo $x => 2␤1
an assignment before a regular built-in does not affect the shell => x=1; x=2 true; echo $x => 1
an assignment before a function does not outlive it, or does: it is seen in it => f() { echo $x; }; x=2 f => 2
an assignment before a function is exported to commands in it => f() { $SH -c 'echo $x'; }; x=2 f => 2
an assignment before : outlives it => x=1; x=2 :; echo $x => 2
an assignment before eval outlives it => x=1; x=2 eval :; echo $x => 2
an assignment before eval is seen by it => x=2 eval 'echo $x' => 2
an assignment before . outlives it => x=1; x=2 . /dev/null; echo $x => 2
an assignment before export outlives it => x=1; x=2 export y=3; echo $x => 2
an assignment before unset outlives it => x=1; x=2 unset y; echo $x => 2
an assignment before set outlives it => x=1; x=2 set -- a; echo $x => 2
an assignment before exec without a command outlives it => x=1; x=2 exec 3>&-; echo $x => 2
an assignment before exec goes to the command's environment => x=2 exec $SH -c 'echo $x' => 2
an assignment before readonly outlives it => x=1; x=2 readonly z=1; echo $x => 2
an assignment before trap outlives it => x=1; x=2 trap - INT; echo $x => 2
an assignment before shift outlives it => set a; x=1; x=2 shift; echo $x => 2
an assignment before times outlives it => x=1; x=2 times >/dev/null; echo $x => 2
an assignment before command and a special built-in does not outlive it => x=1; x=2 command :; echo $x => 1
several assignments before a command => x=1 y=2 $SH -c 'echo $x $y' => 1 2
an assignment's value has no field splitting => v='a  b'; x=$v; args "$x" => 1 <a  b>
an assignment's value has no pathname expansion => >f1; x=f*; args "$x" => 1 <f*>
an assignment's value has tilde expansion => HOME=/h; x=~/a; args $x => 1 </h/a>
an assignment's value may be empty => x=1; x=; args "$x" => 1 <>
an assignment's value may have an equals sign => x=a=b; args $x => 1 <a=b>
an assignment's value may be quoted in part => x=a"b c"'d'\ e; args "$x" => 1 <ab cd e>
a word that looks like an assignment after the command's name is an argument => args x=1; args "${x-unset}" => 1 <x=1>␤1 <unset>
a word that looks like an assignment from an expansion is a command => x=y=1; $x 2>/dev/null || echo $? => 127
a name that is expanded is no assignment's => n=x; $n=1 2>/dev/null || echo $? => 127
the first field of an expansion is the command => x='args a'; $x b => 2 <a> <b>
expansions that leave no field are skipped for the command => x=; $x args a => 1 <a>
an expansion that leaves nothing with an assignment affects the shell => x=; y=1 $x; echo $y => 1
an expansion that leaves nothing has the status 0 => x=; false; $x; echo $? => 0
a quoted empty command is not found => x=; "$x" 2>/dev/null; echo $? => 127
an assignment is made though a redirection comes before it => </dev/null x=1; echo $x => 1
redirections and assignments may be mixed => x=1 >f y=2 $SH -c 'echo $x $y'; cat f => 1 2
a redirection may be between assignment and command => x=1 </dev/null $SH -c 'echo $x' => 1
the status of a command without a name is that of its last substitution => x=$(exit 3); echo $? => 3
the status of a command without a name with a redirection and a substitution => >$(echo f; exit 3); echo $? => 3
the status of a command with a name does not depend on substitutions => : $(exit 3); echo $? => 0
the status of an assignment without a substitution is 0 => false; x=1; echo $? => 0
a readonly assignment before a utility is an error => readonly x=1; (x=2 /bin/true; echo $?) 2>/dev/null; test $? -gt 0 || echo no
PATH in front of a command finds the command => mkdir d; echo 'echo found' >d/prog; chmod +x d/prog; PATH=$PWD/d:$PATH prog => found
PATH in front of a command does not affect the next => mkdir d; echo 'echo found' >d/prog; chmod +x d/prog; PATH=$PWD/d prog; prog 2>/dev/null || echo none => found␤none
IFS in front of a command goes to it => IFS=: read x y <<E␤a:b␤E␤args $x $y => 2 <a> <b>
an expansion of an assignment may use what an earlier one set => x=a y=${x}b z=${y}c; echo $z => abc
an exported variable stays exported when assigned => export x=1; x=2; $SH -c 'echo $x' => 2
the command's name may be quoted => "args" a => 1 <a>
a function is found before a utility => ls() { echo function; }; ls => function
a function is found before a regular built-in => pwd() { echo function; }; pwd => function
a special built-in is found before a function, or a function may not have that name => (eval 'export() { echo no; }; export x=1' 2>/dev/null) | grep no || echo yes => yes
a name with a slash is not looked for in functions => mkdir d; echo 'echo file' >d/p; chmod +x d/p; d/p => file
a name with a slash is not looked for in PATH => mkdir d; echo 'echo file' >d/p; chmod +x d/p; (PATH=$PWD; d/p) => file
the first in PATH is taken => mkdir a b; echo 'echo a' >a/p; echo 'echo b' >b/p; chmod +x a/p b/p; PATH=$PWD/a:$PWD/b:$PATH; p => a
a file that is not executable is passed over => mkdir a b; echo 'echo a' >a/p; echo 'echo b' >b/p; chmod +x b/p; PATH=$PWD/a:$PWD/b:$PATH; p => b
a directory is passed over => mkdir a b a/p; echo 'echo b' >b/p; chmod +x b/p; PATH=$PWD/a:$PWD/b:$PATH; p => b
a change of PATH has commands looked for anew => mkdir a b; echo 'echo a' >a/p; echo 'echo b' >b/p; chmod +x a/p b/p; o=$PATH; PATH=$PWD/a:$o; p; PATH=$PWD/b:$o; p => a␤b
a file in no executable format is executed as a script => echo 'echo "$#" "$1"' >p; chmod +x p; ./p 'a b' c => 2 a b
a script in no executable format has its path as $0 => echo 'echo "$0"' >p; chmod +x p; ./p => ./p
a script in no executable format has exported variables only => echo 'echo "${x-unset}" $y' >p; chmod +x p; x=1; export y=2; ./p => unset 2
a script in no executable format does not see functions => echo 'ff 2>/dev/null || echo none' >p; chmod +x p; ff() { echo no; }; ./p => none
a script with #! is executed by its interpreter => printf '#!/bin/cat\ntext\n' >p; chmod +x p; ./p => #!/bin/cat␤text
a utility's arguments may be empty => $SH -c 'echo $#' name '' '' => 2
a variable that is not exported is not in a utility's environment => x=1; $SH -c 'echo ${x-unset}' => unset
the environment of a utility has each variable once => x=1 env | grep -c '^x=' => 1
a variable unset is not in the environment => export x=1; unset x; $SH -c 'echo ${x-unset}' => unset

=== an assignment before a built-in that fails has no lasting effect [2.9.1]
x=1
x=2 cd /nonexistent 2>/dev/null
echo $x
---
1

=== redirections are made before assignments' effects on a special built-in [2.9.1]
x=1
x=2 : >f
echo $x; ls
---
2
f

=== a remembered location that fails is searched again: {0} [2.9.1.4]
mkdir a b; echo 'echo a "$@"' >a/p; echo 'echo b "$@"' >b/p; chmod +x a/p b/p
PATH=$PWD/a:$PWD/b:$PATH
p 1 >/dev/null
{1}
{2}
---
b 2
+++
it was removed => rm a/p => p 2
it may not be executed any more => chmod -x a/p => p 2
it has become a directory => rm a/p; mkdir a/p => p 2
its directory was removed => rm -r a => p 2
its directory has become a file => rm -r a; : >a => p 2
it is a link to nothing => rm a/p; ln -s nothing a/p => p 2
by command => rm a/p => command p 2
by exec => rm a/p => exec p 2
by exec in a subshell => rm a/p => (exec p 2)
in a subshell => rm a/p => (p 2)
in the background => rm a/p => p 2 & wait $!
in a pipeline => rm a/p => p 2 | cat
at the end of a pipeline => rm a/p => : | p 2
in a command substitution => rm a/p => echo "$(p 2)"
in a command substitution among others => rm a/p => echo "$(:; p 2)"
in a function => rm a/p => f() { p "$@"; }; f 2
in eval => rm a/p => eval p 2
with an assignment => rm a/p => x=1 p 2
with a redirection => rm a/p => p 2 >f; cat f
with a redirection that makes its file => rm a/p; set -C => p 2 >f; cat f
with a redirection to a FIFO => rm a/p; mkfifo f; cat f & => p 2 >f; wait
as the last command of a script => rm a/p => p 2

=== a remembered location that has moved is searched again [2.9.1.4]
mkdir a b; echo 'echo here' >a/p; chmod +x a/p
PATH=$PWD/a:$PWD/b:$PATH
p
mv a/p b/p
p
(p)
---
here
here
here

=== the remembered location of a script counts as valid [2.9.1.4]
mkdir a b; echo 'echo b' >b/p; chmod +x b/p
PATH=$PWD/a:$PWD/b:$PATH
p
echo 'echo a' >a/p; chmod +x a/p
p; (p); p | cat; echo $(p); p & wait; hash -r; p
---
b
b
b
b
b
b
a

=== if a remembered location was removed, {0} prints the other location [2.9.1.4]
mkdir a b; : >a/p; : >b/p; chmod +x a/p b/p
PATH=$PWD/a:$PWD/b:$PATH
p
rm a/p
x=$({0} p); case $x in *"$PWD/b/p"*) echo b;; *) echo "$x";; esac
---
b
+++
command -v
command -V
type

=== a remembered location without another is not found [2.9.1.4]
mkdir a; : >a/p; chmod +x a/p
PATH=$PWD/a:$PATH
p
rm a/p
p; echo $?
command -v p; echo $?
(exec p); echo $?
p & wait $!; echo $?
x=$(p); echo $?
: >a/p; chmod +x a/p
p; echo $?
--- stderr
127
127
127
127
127
0

=== a file with a null byte in its first line is no script: {0} [2.9.1.6]
printf 'echo no\0no\n' >p; printf '\177ELF\1\1\1\0\0\0\0\0junk' >q; printf 'echo no\0' >r; chmod +x p q r
PATH=$PWD:$PATH
for x in p q r; do {1}; echo $?; done
--- stderr
126
126
126
+++
by its path => ./$x
by its name => $x
in the background => $x & wait $!
in a pipeline => : | $x
in a command substitution => y=$($x)
in a command substitution among others => y=$(:; $x)
by exec => (exec $x)
by command => command $x
with a redirection => $x </dev/null
with a redirection to a FIFO => mkfifo f.$x; : <f.$x & $x >f.$x

=== a file with a null byte after its first line is a script [2.9.1.6]
printf 'echo a\nexit 3\n\0\0\0' >p; chmod +x p; ./p; echo $?
---
a
3

=== an error message about a program goes to the target of its redirections: {0} [2.9.1]
{1} >out 2>err; echo $?
test -s err && echo err; test -s out && echo out; ls
--- {2}
{3}
err
err
out
+++
it is not found => no_such_program => 0 => 127
it may not be executed => /dev/null => 0 => 126
it is not found in a pipeline => { : | no_such_program; } => 0 => 127
it is not found in the background => { no_such_program & wait $!; } => 0 => 127

=== an error of a program's redirection is reported to the target of the redirections before it [2.7]
cat 2>err </nonexistent; echo $?
test -s err && echo err
cat 2>err2 <&7; echo $?
test -s err2 && echo err
cat 2>err3 <&x; echo $?
test -s err3 && echo err
---
1
err
1
err
1
err

=== if no process reads the message about a program that is not found, the program ends as by SIGPIPE and the shell continues [2.9.1]
$SH -c '{ read x; no_such_program; echo $? >f; } 2>&1' <<E | :
E
wait; until test -s f; do :; done; read s <f; test $s -gt 126 && echo goes on
---
goes on

=== with SIGPIPE ignored, the status of a program that is not found is 127 [2.9.1]
trap '' PIPE
$SH -c '{ read x; no_such_program; echo $? >f; } 2>&1' <<E | :
E
wait; until test -s f; do :; done; cat f
---
127
