# Parameter expansion.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} of a parameter that is {1} is {2} [2.6.2]
case '{1}' in (set) x=value;; (null) x=;; (*) unset x; esac
args "{0}"
---
{2}
+++
${x} => set => 1 <value>
${x} => null => 1 <>
${x} => unset => 1 <>
${x-word} => set => 1 <value>
${x-word} => null => 1 <>
${x-word} => unset => 1 <word>
${x:-word} => set => 1 <value>
${x:-word} => null => 1 <word>
${x:-word} => unset => 1 <word>
${x-} => set => 1 <value>
${x-} => null => 1 <>
${x-} => unset => 1 <>
${x:-} => set => 1 <value>
${x:-} => null => 1 <>
${x:-} => unset => 1 <>
${x+word} => set => 1 <word>
${x+word} => null => 1 <word>
${x+word} => unset => 1 <>
${x:+word} => set => 1 <word>
${x:+word} => null => 1 <>
${x:+word} => unset => 1 <>
${x+} => set => 1 <>
${x+} => null => 1 <>
${x+} => unset => 1 <>
${x:+} => set => 1 <>
${x:+} => null => 1 <>
${x:+} => unset => 1 <>
${x=word} => set => 1 <value>
${x=word} => null => 1 <>
${x=word} => unset => 1 <word>
${x:=word} => set => 1 <value>
${x:=word} => null => 1 <word>
${x:=word} => unset => 1 <word>
${x=} => set => 1 <value>
${x=} => null => 1 <>
${x=} => unset => 1 <>
${x:=} => set => 1 <value>
${x:=} => null => 1 <>
${x:=} => unset => 1 <>
${x#va} => set => 1 <lue>
${x#va} => null => 1 <>
${x#va} => unset => 1 <>
${x%ue} => set => 1 <val>
${x%ue} => null => 1 <>
${x%ue} => unset => 1 <>
${x##*l} => set => 1 <ue>
${x##*l} => null => 1 <>
${x##*l} => unset => 1 <>
${x%%l*} => set => 1 <va>
${x%%l*} => null => 1 <>
${x%%l*} => unset => 1 <>
${#x} => set => 1 <5>
${#x} => null => 1 <0>
${#x} => unset => 1 <0>

=== {0} of a parameter that is {1} leaves it {2} [2.6.2]
case '{1}' in (set) x=value;; (null) x=;; (*) unset x; esac
: "{0}"
echo "${x-unset}"
---
{2}
+++
${x=word} => set => value
${x=word} => unset => word
${x:=word} => set => value
${x:=word} => null => word
${x:=word} => unset => word
${x-word} => set => value
${x-word} => unset => unset
${x:+word} => set => value
${x:+word} => unset => unset

=== {0} of a parameter that is {1} ends the shell [2.6.2]
case '{1}' in (set) x=value;; (null) x=;; (*) unset x; esac
echo before
echo "{0}"
echo after
--- >0 stderr
before
+++
${x?} => unset
${x?word} => unset
${x:?} => unset
${x:?word} => unset
${x:?} => null
${x:?word} => null

=== {0} of a parameter that is {1} does not end the shell [2.6.2]
case '{1}' in (set) x=value;; (null) x=;; (*) unset x; esac
args "{0}"
---
1 <{2}>
+++
${x?} => set => value
${x?word} => set => value
${x:?} => set => value
${x:?word} => set => value
${x?} => null
${x?word} => null

=== {0} is expanded [2.6.2]
y=y
{1}
---
{2}
+++
the word of ${x-word} => args ${x-$y} ${x-`echo a`} ${x-$((1+1))} ${x-$(echo b)} => 4 <y> <a> <2> <b>
the word of ${x+word} => x=1; args ${x+$y} => 1 <y>
the word of ${x=word} => args ${x=$y$y} $x => 2 <yy> <yy>
the word of ${x#word} => x=yz; args ${x#$y} => 1 <z>
the word of ${x%word} => x=zy; args ${x%$y} => 1 <z>

=== the message of ${x?word} is written to standard error [2.6.2]
(: ${x?the message}) 2>&1 | grep -c 'the message'
---
1

=== the message of ${x?} names the parameter [2.6.2]
(: ${name?}) 2>&1 | grep -c name
---
1

=== {0} [2.6.2]
{1}
---
{2}
+++
the word of - is not expanded if it is not used => x=1; : ${x-$(echo >f)}; ls
the word of + is not expanded if it is not used => : ${x+$(echo >f)}; ls
the word of = is not expanded if it is not used => x=1; : ${x=$(echo >f)}; ls
the word of ? is not expanded if it is not used => x=1; : ${x?$(echo >f)}; ls
an assignment in a word that is not used is not made => x=1; : ${x-${y=2}}; echo ${y-unset} => unset
expansions of a word are made from left to right => args ${x=1}$x ${y-$x} => 2 <11> <1>
the result of - is split into fields => args ${x-a b c} => 3 <a> <b> <c>
the result of + is split into fields => x=1; args ${x+a b} => 2 <a> <b>
a quoted part of a word of - is not split => args ${x-"a b" c} => 2 <a b> <c>
a quoted part of a word of + is not split => x=1; args ${x+'a b' c} => 2 <a b> <c>
an escaped blank in a word of - does not split => args ${x-a\ b c} => 2 <a b> <c>
a word of - in double-quotes is not split => args "${x-a  b}" => 1 <a  b>
an empty quoted word of - is a field => args ${x-""} ${x-''} => 2 <> <>
an empty word of - is no field => args ${x-} => 0
the result of = is split into fields => args ${x=a b} => 2 <a> <b>
the value that = assigns has its quotes removed => : ${x="a  b"'c'\d}; args "$x" => 1 <a  bcd>
the result of - is subject to pathname expansion => : >f1 >f2; args ${x-f*} => 2 <f1> <f2>
a quoted pattern in a word of - is not => : >f1 >f2; args ${x-'f*'} "${x-f*}" => 2 <f*> <f*>
a word of - may contain another expansion with a word => args ${x-${y-${z-deep}}} => 1 <deep>
a word may contain a closing brace in quotes => args ${x-'}'} ${x-"}"} ${x-\}} => 3 <}> <}> <}>
a word may contain a closing brace in an expansion => args ${x-$(echo })} ${x-`echo }`} => 2 <}> <}>
a word may contain an opening brace => args ${x-{a} => 1 <{a>
a word ends at the first closing brace => args ${x-{a}} => 1 <{a}>
a word may contain operators => args ${x-a;b|c&d<e>f(g)} => 1 <a;b|c&d<e>f(g)>
a word may contain a newline => args "${x-a␤b}" => 1 <a␤b>
a word may contain a # => args ${x-#a} ${x-a #b} => 3 <#a> <a> <#b>
a word with a backslash before an ordinary character in double-quotes keeps it => args "${x-a\bc}" => 1 <a\bc>
a word with a backslash before an ordinary character loses it => args ${x-a\bc} => 1 <abc>
a word with a backslash before a dollar sign loses it => args ${x-\$y} "${x-\$y}" => 2 <$y> <$y>
a word with a backslash before a double-quote in double-quotes loses it => args "${x-a\"b}" => 1 <a"b>
a word with a backslash before a backslash loses it => args "${x-a\\b}" ${x-a\\b} => 2 <a\b> <a\b>
"$@" in a word is a field for each parameter => set -- 'a b' c; args ${x-"$@"} => 2 <a b> <c>
$* in a word in double-quotes is joined => set -- a b; args "${x-$*}" => 1 <a b>
text may stand beside an expansion => x=v; args a${x}b a"$x"b => 2 <avb> <avb>
an unset parameter beside text adds nothing => args a${x}b $x => 1 <ab>
a null parameter unquoted is no field => x=; args $x $x => 0
a null parameter quoted is a field => x=; args "$x" $x"" => 2 <> <>
braces delimit the name => x=v; args ${x}y => 1 <vy>
a positional parameter may be used with - => set -- a; args ${1-x} ${2-y} => 2 <a> <y>
a positional parameter may be used with :- => set -- ''; args ${1:-x} ${1-y} => 1 <x>
${10-x} is the tenth parameter => set 1 2 3 4 5 6 7 8 9 ten; args ${10-x} ${11-x} => 2 <ten> <x>
$# may be used with - and + => set -- a b; args ${#-x} ${#+x} => 2 <2> <x>
$? may be used with - => true; args ${?-x} => 1 <0>
$! may be used with - and + => args ${!-unset} ${!+set} => 1 <unset>
$- may be used with + => args ${-+set} => 1 <set>
$$ may be used with + => args ${$+set} => 1 <set>
$0 may be used with + => args ${0+set} => 1 <set>
a := in an arithmetic expansion assigns => echo $((${x:=3} + x)) => 6
a := in a here-document assigns => cat <<E; echo $x␤${x:=a b}␤E => a b␤a b

=== the length of {0} is {1} [2.6.2]
x=value e= s='a b  c' n='a
b'; set -- one '' three
echo {0}
---
{1}
+++
${#x} => 5
${#e} => 0
${#unset_variable} => 0
${#s} => 6
${#n} => 3
${#1} => 3
${#2} => 0
"${#x}" => 5
${#?} => 1

=== {1} of the value {0} is {2} [2.6.2]
x='{0}'
args "{1}"
---
1 <{2}>
+++
a/b/c => ${x#*/} => b/c
a/b/c => ${x##*/} => c
a/b/c => ${x%/*} => a/b
a/b/c => ${x%%/*} => a
a/b/c => ${x#/} => a/b/c
a/b/c => ${x%/} => a/b/c
a/b/c => ${x#a} => /b/c
a/b/c => ${x%c} => a/b/
aaa => ${x#a} => aa
aaa => ${x##a} => aa
aaa => ${x#a*} => aa
aaa => ${x##a*}
aaa => ${x%a*} => aa
aaa => ${x%%a*}
aaa => ${x#*} => aaa
aaa => ${x##*}
aaa => ${x%*} => aaa
aaa => ${x%%*}
abc => ${x#?} => bc
abc => ${x%?} => ab
abc => ${x#??} => c
abc => ${x%%??} => a
abc => ${x#????} => abc
abc => ${x#[a-c]} => bc
abc => ${x%[!a]} => ab
abc => ${x##*[ab]} => c
abc => ${x%%[bc]*} => a
abc => ${x#b} => abc
abc => ${x%b} => abc
abc => ${x#abc}
abc => ${x%abc}
abc => ${x#} => abc
abc => ${x%} => abc
a*c => ${x#a\*} => c
abc => ${x#a\*} => abc
abc => ${x#'a*'} => abc
a*c => ${x#'a*'} => c
a*c => ${x#"a*"} => c
abc => ${x#"a*"} => abc
a?c => ${x%\?c} => a
abc => ${x%\?c} => abc
a}b => ${x#a\}} => b
a}b => ${x#a'}'} => b
a}b => ${x%"}b"} => a
a#b => ${x#a#} => b
a#b => ${x##*#} => b
a%b => ${x%%%*} => a
a%b => ${x%\%b} => a
#a => ${x#\#} => a
%a => ${x#%} => a
a b c => ${x# } => a b c
a b c => ${x#* } => b c
a b c => ${x##* } => c
a b c => ${x% *} => a b
a b c => ${x%% *} => a
a\b => ${x#a\\} => b
abab => ${x#*b} => ab
abab => ${x##*b}
abab => ${x%a*} => ab
abab => ${x%%a*}
file.tar.gz => ${x%.*} => file.tar
file.tar.gz => ${x%%.*} => file
file.tar.gz => ${x#*.} => tar.gz
file.tar.gz => ${x##*.} => gz
.hidden => ${x#*} => .hidden
.hidden => ${x#?} => hidden
/ => ${x%/*}
a[b] => ${x#a\[} => b]
a]b => ${x%]b} => a
x-y => ${x%[-]y} => x
a~b => ${x%\~*} => a

=== {0} [2.6.2]
{1}
---
{2}
+++
a pattern from a variable is a pattern => x=a/b y='*/'; args ${x#$y} => 1 <b>
a pattern from a quoted variable is a string => x=a/b y='*/'; args ${x#"$y"} => 1 <a/b>
a pattern from a quoted variable is a string also if all is quoted => x=a/b y='*/' z='a/'; args "${x#"$y"}" "${x#"$z"}" => 2 <a/b> <b>
a pattern from a command substitution is a pattern => x=a/b; args ${x#$(echo '*/')} => 1 <b>
a pattern may have a nested expansion with a pattern => x=file.txt; args ${x#${x%.txt}} => 1 <.txt>
a backslash in a variable used as a pattern escapes => x='*a' y='\*'; args ${x#$y} => 1 <a>
a result is split into fields => x='a b c'; args ${x#a} => 2 <b> <c>
a result in double-quotes is not split => x='a b c'; args "${x#a}" => 1 < b c>
the value does not change => x=abc; : ${x#a}; args $x => 1 <abc>
a positional parameter may have a prefix removed => set -- abc; args ${1#a} => 1 <bc>
$? may have a suffix removed => true; args x${?%0} => 1 <x>
$0 may have a prefix removed => set --; x=$0; test "${0##*/}" = "${x##*/}"; echo $? => 0
a newline is matched by * => x='a␤b'; args "${x#a*}" "${x##a*}" => 2 <␤b> <>
a newline is matched by ? => x='a␤b'; args "${x#a?}" => 1 <b>
a tab may be removed => x='	a'; args "${x#	}" => 1 <a>
a pattern of many stars comes to an end => x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab; args "${x#*a*a*a*a*a*a*a*a*a*a*c}" => 1 <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab>
a bracket expression in a pattern may have a closing brace quoted => x='}a'; args ${x#[\}]} => 1 <a>
$# is not taken for a length before a closing brace => set a b c; args ${#} => 1 <3>
${##} is the length of $# => set 1 2 3 4 5 6 7 8 9 0; args ${##} => 1 <2>
${#-word} is $# with a default => set a b; args ${#-x} => 1 <2>
${##1} removes from $# => set a; args "${##1}" => 1 <>

=== the bad substitution {0} ends the shell [2.6.2]
echo before
eval 'echo {0}'
echo after
--- >0 stderr
before
+++
${x!}
${}
${x y}
${=a}

=== an assignment to a positional parameter by = is an error [2.6.2]
set --
echo ${1=x}
echo no
--- >0 stderr

=== an assignment to a read-only variable by = is an error [2.6.2]
readonly x
echo ${x=1}
echo no
--- >0 stderr

=== with set -u {0} is an error [2.6.2]
set -u
unset x
echo {0}
echo no
--- >0 stderr
+++
$x
${x}
"$x"
${#x}
${x#a}
${x%a}
$1
$(($x))
a${y-$x}
${12}

=== with set -u {0} is no error [2.6.2]
set -u
unset x
args {0}
---
{1}
+++
${x-a} => 1 <a>
${x:-a} => 1 <a>
${x+a} => 0
${x:+a} => 0
${x=a} => 1 <a>
${x-} => 0
"$@" => 0
$@ => 0
"$*" => 1 <>
$* => 0
$# => 1 <0>
${#} => 1 <0>
${1+"$@"} => 0

=== with set -u the word of an expansion that is not used is no error [2.6.2]
set -u
y=1
echo ${y-$x} ${y+b}
---
1 b
