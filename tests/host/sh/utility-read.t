# read.

=== read {2} with IFS={0} of the line {1} gives {3} [read]
IFS={0}
read {2} <<'E'
{1}
E
printf '<%s>' "$a" "$b" "$c"; echo
---
{3}
+++
' ' => one two three => a b c => <one><two><three>
' ' => one two three four => a b c => <one><two><three four>
' ' => one => a b => <one><><>
' ' => one two => a => <one two><><>
' ' => one  two   three  four => a b c => <one><two><three  four>
' ' => one two    => a b => <one><two><>
' ' => one    => a => <one><><>
' ' => one\ two three => a b => <one two><three><>
' ' => a\bc => a => <abc><><>
' ' => a\\b => a => <a\b><><>
: => one:two:three => a b c => <one><two><three>
: => one::three => a b c => <one><><three>
: => :two => a b => <><two><>
: => one:two: => a b => <one><two><>
: => one:two:: => a b => <one><two::><>
: => one:two:three: => a b => <one><two:three:><>
: => one: => a => <one><><>
: => : => a b => <><><>
: => one:two three => a b => <one><two three><>
: => one\:two:three => a b => <one:two><three><>
': ' => one : two => a b => <one><two><>
': ' => one : two : three => a b => <one><two : three><>
': ' => one : : three => a b c => <one><><three>
': ' => one two:three => a b c => <one><two><three>
'' => one two => a b => <one two><><>
'' => a:b => a => <a:b><><>
x => axbxc => a b c => <a><b><c>
' ' => * => a => <*><><>
' ' => $x `y` 'z' => a => <$x `y` 'z'><><>
' ' => "a b" c => a b => <"a><b" c><>
' ' => a#b #c => a => <a#b #c><><>
' ' => one\ two => -r a b => <one\><two><>
' ' => a\bc => -r a => <a\bc><><>
' ' => a\\b => -r a => <a\\b><><>
' ' => one two => -r a => <one two><><>

=== {0} [read]
{1}
---
{2}
+++
blanks at the beginning and the end are removed => printf '  a b  \n' | { read x; echo "<$x>"; } => <a b>
with a null IFS blanks stay => printf '  a b  \n' | { IFS= read -r x; echo "<$x>"; } => <  a b  >
tabs are removed too => printf '\ta\tb\t\n' | { read x y; echo "<$x><$y>"; } => <a><b>
read reads one line only => printf 'a\nb\n' | { read x; read y; echo $x $y; } => a b
read leaves the rest to the next command => printf 'a\nb\nc\n' | { read x; cat; } => b␤c
read leaves the rest of a file to the next command => printf 'a\nb\nc\n' >f; { read x; cat; } <f => b␤c
read at the end of the input has a status greater than 0 => read x </dev/null || echo end => end
read at the end of the input sets the variables empty => x=old y=old; read x y </dev/null; echo "<$x><$y>" => <><>
read of a line without a newline has a status greater than 0 and sets the variable => printf a | { read x; echo $? $x; } => 1 a
read of an empty line has the status 0 => echo | { read x; echo "$? <$x>"; } => 0 <>
a backslash and a newline continue the line => printf 'a\\\nb\n' | { read x; echo $x; } => ab
with -r a backslash and a newline do not continue the line => printf 'a\\\nb\n' | { read -r x; echo "$x" | cat; } => a\
a backslash before a character preserves it => printf 'a\\tb\n' | { read x; echo "$x"; } => atb
read sets the status 0 => echo a | { read x; echo $?; } => 0
read in a loop reads all lines => printf 'a\nb\nc\n' | { n=0; while read x; do n=$((n+1)); done; echo $n; } => 3
read with the last line without a newline in a loop => printf 'a\nb' | { while read x || [ "$x" ]; do echo "<$x>"; done; } => <a>␤<b>
read of a read-only variable is an error => readonly x; { echo a | read x; } 2>/dev/null || echo fails => fails
read of an invalid name is an error => read 1x </dev/null 2>/dev/null || echo fails => fails
read -d delimits by another character => printf 'a b:c' | { read -d : x; echo "$x"; } => a b
read -d with an empty argument delimits by a null byte => printf 'a\nb\0c' | { IFS= read -r -d '' x; echo "$x"; } => a␤b
read from another descriptor => echo a >f; exec 3<f; read x <&3; echo $x => a
read assigns in the present shell => read x <<E␤a␤E␤echo $x => a
read in a pipeline does not affect the shell, or does: it succeeds => echo a | read x; echo $? => 0
read has its variables not exported => echo a | { read x; $SH -c 'echo ${x-unset}'; } => unset
read takes -- => echo a | { read -- x; echo $x; } => a
read of a very long line => i=0; x=0123456789; while [ $i -lt 8 ]; do x=$x$x; i=$((i+1)); done; echo $x | { read y; echo ${#y}; } => 2560
read of a line that a writer gives in parts => { printf a; printf 'b\n'; } | { read x; echo $x; } => ab

=== a trapped signal that comes before input that is there does not take the place of the input [read]
trap 'echo trap' USR1
read x <<E
$(kill -s USR1 $$)line
E
echo $? $x
---
trap
0 line

=== a trapped signal that comes before a part of a line ends read with that part [read]
mkfifo f; exec 3<>f
trap 'echo trap' USR1
printf part >&3
read x <&3 $(kill -s USR1 $$) y
echo $(($? > 128)) $x
---
trap
1 part

