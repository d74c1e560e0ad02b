# Built-ins beyond the standard, as bash and busybox have them.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [{3}]
{1}
---
{2}
+++
local makes a variable the function's => f() { local x=2; echo $x; }; x=1; f; echo $x => 2␤1 => local
local without a value restores it too => f() { local x; x=2; }; x=1; f; echo $x => 1 => local
local takes several => f() { local x=2 y z=3; y=4; echo $x$y$z; }; x=1; f; echo $x${y-}${z-} => 243␤1 => local
local of a variable that was unset unsets it after => f() { local x=2; }; f; echo ${x-unset} => unset => local
local variables are seen by called functions => f() { local x=2; g; }; g() { echo $x; }; x=1; f => 2 => local
local variables nest => f() { local x=$1; [ $1 -gt 0 ] && f $(($1-1)); echo $x; }; f 2 => 0␤1␤2 => local
local restores at return => f() { local x=2; return; }; x=1; f; echo $x => 1 => local
local restores the export => f() { local x=2; }; export x=1; f; $SH -c 'echo $x' => 1 => local
local does not split an assignment => f() { local x=$y; args "$x"; }; y='a  b'; f => 1 <a  b> => local
local outside a function has a status greater than 0 => local x 2>/dev/null || echo fails => fails => local
local IFS is the function's => f() { local IFS=:; args $1; }; f a:b; args a:b => 2 <a> <b>␤1 <a:b> => local
local has the status 0 => f() { local x=$(exit 3); echo $?; }; f => 0 => local
local behind an assignment declares in the function => f() { E=1 local v=x; echo "[$v]"; }; f; echo "[${v-}${E-}]" => [x]␤[] => local
local behind an assignment to the same name declares it => f() { x=1 local x=5; echo "[$x]"; }; f; echo "[${x-}]" => [5]␤[] => local
local of a variable that is already local keeps the value => f() { local x=1; local x; echo "[$x]"; }; f => [1] => local
local IFS of a local IFS keeps the value => f() { local IFS=:; local IFS; echo "[$IFS]"; }; f => [:] => local
local of what is assigned before the function keeps that => x=1; f() { local x; echo "[$x]"; x=3; }; x=2 f; echo $x => [2]␤1 => local
local of a caller's local is a new variable => f() { local x; echo "[${x-}]"; x=5; }; g() { local x=3; f; echo $x; }; g => []␤3 => local
local OPTIND leaves the place of getopts in the caller's options => f() { local OPTIND=1 o; getopts x o -x; }; while getopts abc o -abc; do echo $o; f; done => a␤b␤c => local
local - restores the options => f() { local -; set -f; args *; }; : >a; f; args * => 1 <*>␤1 <a> => local
local - with names restores both => f() { local x -; set -u; x=1; }; f; case $- in *u*) echo u;; esac; echo "[${x-}]" => [] => local
shift of too many returns 1 and shifts nothing => set -- a b; shift 3; echo $? $# => 1 2 => shift
OPTERR=0 makes getopts report nothing => OPTERR=0; getopts a x -b; echo $? $x => 0 ? => getopts
chdir is cd => chdir /; pwd => / => chdir
type -p writes the paths of programs alone => type -p cd sh | grep -c '^/.*/sh$' => 1 => type
type -p of an unknown name has a status greater than 0 => type -p no_such || echo fails => fails => type
type -a prints all meanings of a name => alias echo=a; echo() { :; }; mkdir d; cp /bin/echo d; PATH=$PWD/d; type -a echo | /bin/sed "s,$PWD,here,"; \unalias echo => echo is an alias for a␤echo is a function␤echo is a shell builtin␤echo is here/d/echo => type
type -a prints special built-ins before functions, and reserved words => for n in if :; do type -a $n; done => if is a reserved word␤: is a special shell builtin => type
type -a prints every program in PATH => mkdir d e f; : >d/x; : >e/x; : >f/x; chmod +x d/x f/x; PATH=$PWD/d:$PWD/e:$PWD/f:$PATH; type -a x | sed "s,$PWD,here," => x is here/d/x␤x is here/f/x => type
type -a of an unknown name has a status greater than 0 => type -a no_such 2>&1 || echo fails => sh: line 2: type: no_such: not found␤fails => type
type -ap writes paths alone => cd() { :; }; mkdir d; : >d/cd; chmod +x d/cd; PATH=$PWD/d; type -ap cd | /bin/sed "s,$PWD,here,"; type -ap : || echo fails => here/d/cd␤fails => type
exec -a gives a program another name => (exec -a name $SH -c 'echo $0') => name => exec
printf %q writes what can be read back => eval "x=$(printf %q "it's a \$x")"; echo "$x"; printf '%q %5q|\n' a 'b c' => it's a $x␤a 'b c'| => printf
read -u reads another descriptor => exec 3<<E␤a␤E␤read -u 3 x; echo $x => a => read
help lists built-ins => help | tr ' ' '\n' | grep -cx 'cd\|test' => 2 => help
source is . => echo 'echo a' >f; source ./f => a => source
let evaluates => let x=1+2; echo $x => 3 => let
let has the status 0 for a value other than 0 => let 5; echo $? => 0 => let
let has the status 1 for 0 => let 0; echo $? => 1 => let
let evaluates several => let x=1 y=x+1; echo $y => 2 => let
read -n reads so many characters => printf abcdef | { read -n 3 x; echo $x; cat; echo; } => abc␤def => read
read -n ends at the end of the line => printf 'ab\ncd\n' | { read -n 5 x; echo $x; } => ab => read
read -d reads up to the character => printf 'a:b' | { read -d : x; echo $x; } => a => read
read -t with input at hand reads => echo a | { read -t 5 x; echo $x; } => a => read
read -t ends without input, with a status greater than 0 => mkfifo p; exec 3<>p; read -t 0.05 x <&3 || echo timeout => timeout => read
read -t ends input that has no end => read -t 0.05 x </dev/zero || echo timeout => timeout => read
read -p writes no prompt without a terminal, or to standard error => echo a | { read -p prompt x 2>/dev/null; echo $x; } => a => read
read -s reads => echo a | { read -s x; echo $x; } => a => read
read without a name sets REPLY => echo 'a b' | { read; echo "$REPLY"; } => a b => read
read -r with REPLY keeps backslashes => printf '%s\n' 'a\b' | { read -r; echo "$REPLY" | cat; } => a\b => read
echo -n writes no newline => echo -n a; echo b => ab => echo
echo -e expands escapes => echo -e 'a\tb' => a	b => echo
echo -e expands \0 and octal digits => echo -e '\0101' => A => echo
echo -e ends at \c => echo -e 'a\cb'; echo c => ac => echo
echo -ne does both => echo -ne 'a\tb'; echo c => a	bc => echo
wait -n waits for one => mkfifo p; (read x <p; exit 4) & (exit 3) & wait -n; echo $?; echo >p; wait -n; echo $? => 3␤4 => wait
wait -n without children has the status 127 => wait -n; echo $? => 127 => wait
[[ with == compares with a pattern => [[ abc == a* ]] && echo yes => yes => [[
[[ with = compares with a pattern => [[ abc = a?c ]] && echo yes => yes => [[
[[ with a quoted pattern compares strings => [[ abc == 'a*' ]] || echo no => no => [[
[[ with != => [[ abc != b* ]] && echo yes => yes => [[
[[ splits no words => x='a b'; [[ $x == 'a b' ]] && echo yes => yes => [[
[[ with an empty variable => [[ $u == '' ]] && echo yes => yes => [[
[[ with && => [[ a == a && b == b ]] && echo yes => yes => [[
[[ with || => [[ a == b || b == b ]] && echo yes => yes => [[
[[ with ! => [[ ! a == b ]] && echo yes => yes => [[
[[ with -n and -z => [[ -n a && -z '' ]] && echo yes => yes => [[
[[ with -f and -d => : >f; [[ -f f && -d . ]] && echo yes => yes => [[
[[ with numbers => [[ 2 -gt 1 ]] && echo yes => yes => [[
[[ with parentheses => [[ ( a == b || c == c ) && d == d ]] && echo yes => yes => [[
[[ with < compares strings => [[ a < b ]] && echo yes => yes => [[
[[ of a word is -n => [[ a ]] && echo yes => yes => [[
[[ of a null word is false => [[ '' ]] || echo no => no => [[

=== {0} [[[ with =~, XBD 9.4]
[[ {1} =~ {2} ]] && echo yes || echo no
---
{3}
+++
an expression matches a part of the text => abc => b => yes
^ matches only at the beginning => abc => ^b => no
$ matches only at the end => abc => b$ => no
^ and $ match an empty text => '' => ^$ => yes
. matches any character => abc => ^a.c$ => yes
* repeats none or more => ac => ^ab*c$ => yes
* repeats what is before it alone => abab => ^ab*$ => no
+ repeats one or more => ac => ab+c => no
? repeats none or one => abbc => ^ab?c$ => no
a count repeats so often => aaa => ^a{3}$ => yes
a count repeats no less often => aa => ^a{3}$ => no
a range of counts has a most => aaaa => ^a{2,3}$ => no
a range of counts may be open => aaaa => ^a{2,}$ => yes
a count of none => ab => ^ax{0}b$ => yes
| matches either => foo.md => ^(x|foo)\.(txt|md)$ => yes
| binds less than what follows each other => ad => ^(ab|cd)$ => no
an alternative may be empty => ab => ^a(x|)b$ => yes
parentheses are repeated as a whole => abab => ^(ab)+$ => yes
repetitions in repetitions => xaaab => ^x(a{1,2}){2}b$ => yes
a bracket expression => a5 => ^[a-c][[:digit:]]$ => yes
a bracket expression of all others => ab => ^[^b]b$ => yes
an exclamation mark in a bracket expression is itself => '!' => ^[!]$ => yes
a backslash takes the meaning => abc => a\.c => no
quoted characters match themselves => abc => "a.c" => no
partly quoted characters match themselves => a.c => ^a"."c$ => yes
an expansion is an expression => abc => ${u-a.c} => yes
a quoted expansion is none => abc => "${u-a.c}" => no
an empty expression matches anything => abc => "" => yes
ways without number end => aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => ^(a*)*(a*)*b$ => no

=== a character of several bytes is one for a regular expression [[[ with =~]
LC_ALL=C.UTF-8 $SH -c '[[ éé =~ ^é{2}$ && é =~ ^.$ && é =~ ^[è-ê]$ ]] && echo yes'
---
yes

=== {0} is reported [[[ with =~]
$SH -c '[[ a =~ $1 ]]; echo no' x {1} 2>&1; echo $?
---
x: line 1: [[: {2}: not a regular expression
2
+++
a parenthesis that is not closed => 'a(b' => a(b
a parenthesis that closes nothing => 'a)' => a)
a bracket that is not closed => '[a' => [a
a repetition of nothing => '*a' => *a
a range of counts backwards => 'a{3,2}' => a{3,2}
a count beyond RE_DUP_MAX => 'a{256}' => a{256}
a backslash at the end => 'a\' => a\
an expression that is too large => '((a{200}){200}){200}' => ((a{200}){200}){200}

=== {0} [parameters]
{1}
---
{2}
+++
RANDOM is a number => case $RANDOM in *[!0-9]*|'') echo no;; *) echo yes;; esac => yes
RANDOM changes => x=$RANDOM$RANDOM y=$RANDOM$RANDOM; [ $x != $y ] && echo yes => yes
SECONDS is a number => [ $SECONDS -ge 0 ] && echo yes => yes
SECONDS may be set => SECONDS=100; [ $SECONDS -ge 100 ] && echo yes => yes
${x:o} is what is from there on => x=abcdef; echo ${x:2} => cdef
${x:o:l} is so many from there on => x=abcdef; echo ${x:2:3} => cde
${x:0:l} is the beginning => x=abcdef; echo ${x:0:2} => ab
${x:o} beyond the end is empty => x=abc; args "${x:5}" => 1 <>
${x:o:l} with a length beyond the end => x=abc; echo ${x:1:9} => bc
${x: -o} counts from the end => x=abcdef; echo ${x: -2} => ef
${x: -o:l} counts from the end => x=abcdef; echo ${x: -3:2} => de
${x:o:-l} ends before the end => x=abcdef; echo ${x:1:-2} => bcd
${x:e} takes an arithmetic expression => x=abcdef i=1; echo ${x:i+1:i*2} => cd
${x:$i} takes an expansion => x=abcdef i=4; echo ${x:$i} => ef
${x:o:l} with an empty value => x=; args "${x:0:1}" => 1 <>
${x/p/r} replaces the first => x=abcabc; echo ${x/b/X} => aXcabc
${x//p/r} replaces all => x=abcabc; echo ${x//b/X} => aXcaXc
${x/p/} removes => x=abcabc; echo ${x/b/} => acabc
${x//p} removes all => x=abcabc; echo ${x//b} => acac
${x/p/r} with a pattern takes the longest => x=abcabc; echo ${x/b*/X} => aX
${x//p/r} with ? => x=abc; echo ${x//?/X} => XXX
${x//p/r} with a bracket expression => x=a1b2; echo ${x//[0-9]/N} => aNbN
${x/p/r} without a match => x=abc; echo ${x/d/X} => abc
${x/p/r} with an expansion => x=abc p=b r=X; echo ${x/$p/$r} => aXc
${x//\//r} with an escaped slash => x=a/b/c; echo ${x//\//-} => a-b-c
${x//p/r} with a blank => x='a b c'; echo "${x// /_}" => a_b_c
${x/#p/r} replaces at the beginning => x=abab; echo ${x/#ab/X} => Xab
${x/%p/r} replaces at the end => x=abab; echo ${x/%ab/X} => abX
