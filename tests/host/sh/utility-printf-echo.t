# printf and echo.

=== printf {0} writes {1} [printf]
printf {0}; echo '|'
---
{1}|
+++
a => a
'%s' abc => abc
%d "'ab" => 97
'%s %s' a b => a b
'%s' a b c => abc
'<%s>' a b => <a><b>
'<%s,%s>' a b c => <a,b><c,>
'%s'
'<%s>' => <>
'<%s>' '' => <>
'<%5s>' ab => <   ab>
'<%-5s>' ab => <ab   >
'<%.2s>' abc => <ab>
'<%5.1s>' abc => <    a>
'<%.0s>' abc => <>
'<%*s>' 5 ab => <   ab>
'<%-*s>' 5 ab => <ab   >
'<%.*s>' 2 abc => <ab>
'<%*.*s>' 4 2 abc => <  ab>
'<%c>' abc => <a>
'%d' 42 => 42
'%d' -42 => -42
'%d' +42 => 42
'%d' 0x1F => 31
'%d' 017 => 15
'%d' => 0
'%i' 7 => 7
'<%5d>' 42 => <   42>
'<%-5d>' 42 => <42   >
'<%05d>' 42 => <00042>
'<%05d>' -42 => <-0042>
'<%+d>' 42 => <+42>
'<%+d>' -42 => <-42>
'<% d>' 42 => < 42>
'<%.3d>' 7 => <007>
'<%5.3d>' 7 => <  007>
'<%-5.3d>' 7 => <007  >
'<%05.3d>' 7 => <  007>
'<%.0d>' 0 => <>
'%d' "'A" => 65
'%d' '"A' => 65
'%d' "'0" => 48
'%d' 9223372036854775807 => 9223372036854775807
'%d' -9223372036854775808 => -9223372036854775808
'%u' 42 => 42
'%u' 18446744073709551615 => 18446744073709551615
'%o' 8 => 10
'%#o' 8 => 010
'%x' 255 => ff
'%X' 255 => FF
'%#x' 255 => 0xff
'%#X' 255 => 0XFF
'<%08x>' 255 => <000000ff>
'<%#08x>' 255 => <0x0000ff>
'<%-8x>' 255 => <ff      >
'%x' "'a" => 61
'%o' 0 => 0
'%%' => %
'100%%' => 100%
'%d%%' 5 => 5%
'%s%d' a 1 b 2 => a1b2
'\\' => \
'a\tb' => a	b
'\101' => A
'\060' => 0
'\1011' => A1
"'" => '
'"' => "
'%b' 'a\tb' => a	b
'%b' 'a\0101' => aA
'%b' 'a\\b' => a\b
'%b' 'a\cb' => a
'%b%s' 'a\cb' c => a
'<%b>' => <>
'<%5b>' 'a\0101' => <   aA>
'%s' 'a\tb' => a\tb
'%s' '%d' => %d
'%s' -- => --
-- '%s' a => a
-- -a => -a
'%s-' a 'b c' => a-b c-
'a' b c => a
'%d %s|' 1 a 2 => 1 a|2 |
'<%2$s %1$s>' a b => <b a>

=== printf with {0} writes the bytes {1} [printf]
printf {0} | od -An -to1 | tr -d ' '
---
{1}
+++
'\a' => 007
'\b' => 010
'\f' => 014
'\n' => 012
'\r' => 015
'\v' => 013
'\0' => 000
'\377' => 377
'%b' '\a\b' => 007010
'%b' '\f\n\r\v' => 014012015013
'%b' '\0377' => 377
'%b' '\0' => 000
'%c' '' => 000

=== {0} [{3}]
{1}
---
{2}
+++
printf of an invalid number has a status greater than 0 and continues => printf '%d\n' a 2>/dev/null || echo fails => 0␤fails => printf
printf of a number with something after it writes the number and has a status greater than 0 => printf '%d\n' 1a 2>/dev/null || echo fails => 1␤fails => printf
printf of a number that is too large has a status greater than 0 => printf '%d\n' 99999999999999999999 >/dev/null 2>&1 || echo fails => fails => printf
printf without operands has a status greater than 0 => printf 2>/dev/null || echo fails => fails => printf
printf has the status 0 => printf a >/dev/null; echo $? => 0 => printf
printf to a closed output has a status greater than 0 => (printf a >&-) 2>/dev/null || echo fails => fails => printf
printf to a full device has a status greater than 0 => (printf a >/dev/full) 2>/dev/null || echo fails => fails => printf
printf uses its format again for each argument => printf '%s\n' a b c => a␤b␤c => printf
printf without conversions writes once => printf 'a\n' b c => a => printf
printf %s with an empty argument => printf '<%s>\n' '' a => <>␤<a> => printf
echo writes its arguments => echo a b c => a b c => echo
echo writes a newline without arguments => echo | wc -l | tr -d ' ' => 1 => echo
echo joins arguments by one space => echo a   b => a b => echo
echo keeps spaces in an argument => echo 'a   b' => a   b => echo
echo writes empty arguments => echo a '' b => a  b => echo
echo -- writes that => echo -- => -- => echo
echo writes an operand that is only - => echo - => - => echo
echo of an unknown option writes it => echo -z => -z => echo
echo has the status 0 => echo >/dev/null; echo $? => 0 => echo
echo to a full device has a status greater than 0 => (echo a >/dev/full) 2>/dev/null || echo fails => fails => echo
echo of pattern characters in quotes => echo '*' "?" => * ? => echo
true has the status 0 => true; echo $? => 0 => true
true ignores arguments => true --help x; echo $? => 0 => true
false has the status 1 => false; echo $? => 1 => false
false ignores arguments => false --help x; echo $? => 1 => false
