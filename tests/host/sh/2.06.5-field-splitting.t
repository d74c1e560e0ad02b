# Field splitting.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== with IFS={0} the value {1} is split into: {2} [2.6.5]
IFS={0}
x={1}
args $x
---
{2}
+++
' ' => 'a b' => 2 <a> <b>
' ' => 'a  b' => 2 <a> <b>
' ' => ' a b ' => 2 <a> <b>
' ' => '   ' => 0
' ' => '' => 0
' ' => 'a	b' => 1 <a	b>
' ' => 'a:b' => 1 <a:b>
: => a:b => 2 <a> <b>
: => a::b => 3 <a> <> <b>
: => :a => 2 <> <a>
: => a: => 1 <a>
: => a:: => 2 <a> <>
: => : => 1 <>
: => :: => 2 <> <>
: => ::: => 3 <> <> <>
: => ::a => 3 <> <> <a>
: => 'a b:c' => 2 <a b> <c>
: => ' a : b ' => 2 < a > < b >
': ' => 'a:b' => 2 <a> <b>
': ' => 'a : b' => 2 <a> <b>
': ' => 'a  :  b' => 2 <a> <b>
': ' => 'a b' => 2 <a> <b>
': ' => 'a : : b' => 3 <a> <> <b>
': ' => 'a::b' => 3 <a> <> <b>
': ' => ' a ' => 1 <a>
': ' => ' : a' => 2 <> <a>
': ' => 'a : ' => 1 <a>
': ' => 'a : : ' => 2 <a> <>
': ' => ' : ' => 1 <>
': ' => ' :: ' => 2 <> <>
': ' => '  ' => 0
:- => a:b-c => 3 <a> <b> <c>
:- => a:-b => 3 <a> <> <b>
:- => a-: => 2 <a> <>
'' => 'a b' => 1 <a b>
'' => ' a ' => 1 < a >
'' => '' => 0
'' => 'a:b' => 1 <a:b>
x => axbxc => 3 <a> <b> <c>
x => xx => 2 <> <>
0 => 10203 => 3 <1> <2> <3>
/ => /usr/bin => 3 <> <usr> <bin>
'	' => 'a	b c' => 2 <a> <b c>
'	' => '	a		b	' => 2 <a> <b>
'	 ' => 'a 	 b' => 2 <a> <b>
"' " => "a ' b'c" => 3 <a> <b> <c>
'"' => 'a"b' => 2 <a> <b>
'\' => 'a\b' => 2 <a> <b>
'*' => 'a*b' => 2 <a> <b>
'?' => 'a?b' => 2 <a> <b>
, => 'a, b,c' => 3 <a> < b> <c>
' ,' => 'a, b ,c' => 3 <a> <b> <c>

=== {0} [2.6.5]
{1}
---
{2}
+++
an unset IFS splits at space, tab and newline => unset IFS; x=' a	b␤c '; args $x => 3 <a> <b> <c>
the default IFS splits at space, tab and newline => x=' a	b␤␤c '; args $x => 3 <a> <b> <c>
a newline in IFS alone => IFS='␤'; x='␤a b␤␤c␤'; args $x => 2 <a b> <c>
literal text is not split => IFS=:; args a:b => 1 <a:b>
literal text is not split beside an expansion => IFS=:; x=c:d; args a:b$x => 2 <a:bc> <d>
quoted text is not split => IFS=:; x=a:b; args "$x" => 1 <a:b>
a quoted part beside an expansion is not split => IFS=:; x=a:b y=c:d; args "$x"$y => 2 <a:bc> <d>
single-quoted text is not split => IFS=:; args 'a:b' => 1 <a:b>
an escaped character is not split => IFS=:; args a\:b => 1 <a:b>
the result of a command substitution is split => IFS=:; args $(echo a:b) => 2 <a> <b>
the result of an arithmetic expansion is split => IFS=5; args $((153)) => 2 <1> <3>
a value assigned is not split => x='a b'; y=$x; args "$y" => 1 <a b>
a case word is not split => x='a b'; case $x in 'a b') echo yes;; esac => yes
a redirection's word is not split => x='a b'; echo c >$x; cat 'a b' => c
the words of a here-document are not split => x='a  b'; cat <<E␤$x␤E => a  b
the text before an expansion is joined with its first field => x='b c'; args a$x => 2 <ab> <c>
the text after an expansion is joined with its last field => x='a b'; args ${x}c => 2 <a> <bc>
a space at the beginning of a value ends the field before => x=' b'; args a$x => 2 <a> <b>
a space at the end of a value ends the field => x='a '; args ${x}b => 2 <a> <b>
a value of only spaces delimits => x=' '; args a${x}b => 2 <a> <b>
two values that stand side by side are joined => x='a b' y='c d'; args $x$y => 3 <a> <bc> <d>
two values of which the first ends in a space are not joined => x='a ' y=b; args $x$y => 2 <a> <b>
an empty value leaves no field => x=; args a $x b => 2 <a> <b>
an empty quoted value leaves a field => x=; args a "$x" b => 3 <a> <> <b>
an empty value beside empty quotes leaves a field => x=; args $x'' => 1 <>
a value of spaces beside empty quotes leaves a field => x=' '; args $x'' => 1 <>
empty quotes before a value that begins with a space are a field => x=' a'; args ''$x => 2 <> <a>
empty quotes after a value that ends in a space are a field => x='a '; args $x'' => 2 <a> <>
a non-white-space delimiter at the end of a value before text delimits => IFS=:; x=a:; args ${x}b => 2 <a> <b>
a non-white-space delimiter at the end of a value before quotes delimits => IFS=:; x=a:; args $x'' => 2 <a> <>
a non-white-space delimiter at the beginning after text delimits => IFS=:; x=:b; args a$x => 2 <a> <b>
a delimiter in quotes within a value is a delimiter => x="'a b'"; args $x => 2 <'a> <b'>
a backslash in a value does not protect a delimiter => x='a\ b'; args $x => 2 <a\> <b>
IFS may be changed for one read => x=a:b; IFS=: read y z <<E␤$x␤E␤args "$y" "$z" => 2 <a> <b>
IFS assigned in a function is in force after it => f() { IFS=:; }; f; x=a:b; args $x => 2 <a> <b>
IFS in front of a command does not affect the expansion of that command's words => x=a:b; IFS=: args $x => 1 <a:b>
a letter in IFS splits => IFS=b; x=abc; args $x => 2 <a> <c>
field splitting happens after all expansions of a word => x='a b'; args "$x"$x => 2 <a ba> <b>
$* with several characters in IFS is joined by the first => IFS=:-; set a b; args "$*" => 1 <a:b>
a for list is split => x='a b'; for i in $x c; do echo $i; done => a␤b␤c
set takes split fields => x='a b c'; set -- $x; echo $# => 3
the word of - is split where it is not quoted => args ${u:-a b"c d"e f} => 3 <a> <bc de> <f>
the word of - is split at IFS's characters => IFS=:; args ${u:-a:b} => 2 <a> <b>
