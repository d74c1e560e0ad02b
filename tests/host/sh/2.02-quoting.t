# How quotes take away the special meaning of characters.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [2.2.1]
args {1}
---
{2}
+++
a backslash preserves a dollar sign => \$x => 1 <$x>
a backslash preserves a vertical line => a\|b => 1 <a|b>
a backslash preserves an ampersand => a\&b => 1 <a&b>
a backslash preserves a semicolon => a\;b => 1 <a;b>
a backslash preserves a less-than sign => a\<b => 1 <a<b>
a backslash preserves a greater-than sign => a\>b => 1 <a>b>
a backslash preserves parentheses => \(a\) => 1 <(a)>
a backslash preserves a back-quote => \`a\` => 1 <`a`>
a backslash preserves a backslash => a\\b => 1 <a\b>
a backslash preserves a double-quote => \"a\" => 1 <"a">
a backslash preserves a single-quote => \'a\' => 1 <'a'>
a backslash preserves a space, which then does not delimit a token => a\ b => 1 <a b>
a backslash preserves an asterisk => /\* => 1 </*>
a backslash preserves a question mark => /\?tc => 1 </?tc>
a backslash preserves a left bracket => /\[e]tc => 1 </[e]tc>
a backslash preserves a number sign at the beginning of a word => \#a => 1 <#a>
a backslash preserves a tilde at the beginning of a word => \~ => 1 <~>
a backslash preserves an equals sign => a\=b => 1 <a=b>
a backslash preserves a percent sign => \%a => 1 <%a>
a backslash before an ordinary character is removed => \a\b\c => 1 <abc>
a backslash before a digit is removed => \1 => 1 <1>
a backslash before each character of a word yields the word => \w\o\r\d => 1 <word>
a backslash preserves an exclamation mark => \! => 1 <!>
a backslash preserves braces => \{a\} => 1 <{a}>
three backslashes before a dollar sign make a backslash and a dollar sign => \\\$x => 1 <\$x>

=== a backslash and a newline are removed before the input is split into tokens [2.2.1]
echo a\
b c \
d
---
ab c d

=== a line continuation may be in the middle of a reserved word [2.2.1]
i\
f true; th\
en echo yes; f\
i
---
yes

=== a line continuation may be in the middle of an operator [2.2.1]
false |\
| echo or
true &\
& echo and
case x in x) echo one;\
; esac
---
or
and
one

=== a line continuation may be in the middle of a parameter expansion [2.2.1]
x=value
echo $\
x ${\
x} ${x\
} ${x:\
-w}
---
value value value value

=== a line continuation may be in the middle of a parameter's name [2.2.1]
name=value
echo $na\
me ${na\
me}
---
value value

=== a line continuation may be in the middle of an arithmetic expansion [2.2.1]
echo $\
((1 +\
 1)\
)
---
2

=== a line continuation may be in the middle of a command substitution [2.2.1]
echo $\
(echo a\
b)
---
ab

=== a line continuation may be in the middle of a here-document operator [2.2.1]
cat <\
<E\
OF
text
EOF
---
text

=== a line continuation may be before an assignment's equals sign and after it [2.2.1]
x\
=\
1
echo $x
---
1

=== a backslash at the end of a comment does not continue the line [2.2.1]
echo a # comment \
echo b
---
a
b

=== a line continuation is not white space [2.2.1]
args a\
b
---
1 <ab>

=== several line continuations follow each other [2.2.1]
echo a\
\
\
b
---
ab

=== {0} [2.2.2]
args {1}
---
{2}
+++
single-quotes preserve a dollar sign => '$x' => 1 <$x>
single-quotes preserve a back-quote => '`echo`' => 1 <`echo`>
single-quotes preserve a backslash => 'a\b' => 1 <a\b>
single-quotes preserve a backslash at their end => 'a\' => 1 <a\>
single-quotes preserve two backslashes => 'a\\b' => 1 <a\\b>
single-quotes preserve a double-quote => 'a"b' => 1 <a"b>
single-quotes preserve several spaces => 'a   b' => 1 <a   b>
single-quotes preserve operators => 'a;b|c&d<e>f(g)' => 1 <a;b|c&d<e>f(g)>
single-quotes preserve pattern characters => '/*' => 1 </*>
single-quotes preserve a number sign => '#a' => 1 <#a>
single-quotes preserve a tilde => '~' => 1 <~>
single-quotes preserve a newline => 'a␤b' => 1 <a␤b>
single-quotes preserve a backslash before a newline => 'a\␤b' => 1 <a\␤b>
empty single-quotes are an empty field => '' => 1 <>
empty single-quotes beside text add nothing => a''b => 1 <ab>
quoted parts of a word are joined => a'b'"c"\d => 1 <abcd>
a single-quote is put in a word between single-quoted parts => 'it'\''s' => 1 <it's>

=== {0} [2.2.3]
x=value; set -- one two
args {1}
---
{2}
+++
within double-quotes a dollar sign introduces a parameter expansion => "$x" => 1 <value>
within double-quotes a dollar sign introduces a parameter expansion in braces => "${x}s" => 1 <values>
within double-quotes a dollar sign introduces a command substitution => "$(echo a  b)" => 1 <a b>
within double-quotes a dollar sign introduces an arithmetic expansion => "$((1+2))" => 1 <3>
within double-quotes a back-quote introduces a command substitution => "`echo a`" => 1 <a>
within double-quotes a backslash preserves a dollar sign => "\$x" => 1 <$x>
within double-quotes a backslash preserves a back-quote => "\`a\`" => 1 <`a`>
within double-quotes a backslash preserves a double-quote => "a\"b" => 1 <a"b>
within double-quotes a backslash preserves a backslash => "a\\b" => 1 <a\b>
within double-quotes a backslash and a newline are removed => "a\␤b" => 1 <ab>
within double-quotes a backslash before another character stays => "\a\'\*\ \#\~\!" => 1 <\a\'\*\ \#\~\!>
within double-quotes a backslash before a brace stays => "\{\}" => 1 <\{\}>
within double-quotes a backslash before a digit stays => "\1" => 1 <\1>
within double-quotes a single-quote is itself => "it's" => 1 <it's>
within double-quotes single-quotes do not quote => "'$x'" => 1 <'value'>
within double-quotes spaces stay => "a   b" => 1 <a   b>
within double-quotes a newline stays => "a␤b" => 1 <a␤b>
within double-quotes pattern characters are themselves => "/*" => 1 </*>
within double-quotes operators are themselves => "a;b|c&d<e>f(g)" => 1 <a;b|c&d<e>f(g)>
within double-quotes a tilde is itself => "~" => 1 <~>
within double-quotes a number sign is itself => "#a" => 1 <#a>
empty double-quotes are an empty field => "" => 1 <>
empty double-quotes beside text add nothing => a""b => 1 <ab>
a dollar sign before the closing double-quote is itself => "a$" => 1 <a$>
a dollar sign before a space in double-quotes is itself => "$ a" => 1 <$ a>
a dollar sign before a character that begins no expansion in double-quotes is itself => "$%" => 1 <$%>
a double-quoted string within a command substitution within double-quotes has quotes of its own => "$(echo "a   b")" => 1 <a   b>
double-quoted strings nest in command substitutions => "$(echo "$(echo "c   d")")" => 1 <c   d>
single-quotes quote within a command substitution within double-quotes => "$(echo '$x')" => 1 <$x>
a closing parenthesis quoted in a command substitution does not end it => "$(echo ')' \) ")")" => 1 <) ) )>
within double-quotes a backslash in back-quotes is taken away once more => "`echo \"a  b\"`" => 1 <a  b>
$@ in double-quotes becomes a field for each parameter => "$@" => 2 <one> <two>
two double-quoted parts are one field => "a ""b " => 1 <a b >
within double-quotes a backslash preserves a closing brace in a parameter's word => "${y:-a\}b}" => 1 <a}b>
within double-quotes single-quotes in the word of - are themselves => "${y:-'a'}" => 1 <'a'>
within double-quotes single-quotes in the word of # quote => "${x#'val'}" => 1 <ue>

=== {0} [2.2.4]
args {1}
---
{2}
+++
dollar-single-quotes without escapes are as single-quotes => $'a b' => 1 <a b>
dollar-single-quotes turn \" into a double-quote => $'\"' => 1 <">
dollar-single-quotes turn \' into a single-quote => $'it\'s' => 1 <it's>
dollar-single-quotes turn \\ into a backslash => $'a\\b' => 1 <a\b>
dollar-single-quotes turn \n into a newline => $'a\nb' => 1 <a␤b>
dollar-single-quotes turn \x and hexadecimal digits into a byte => $'\x41\x62' => 1 <Ab>
dollar-single-quotes turn a backslash and octal digits into a byte => $'\101\60' => 1 <A0>
dollar-single-quotes take at most three octal digits => $'\1011' => 1 <A1>
dollar-single-quotes take fewer octal digits before another character => $'\60x' => 1 <0x>
dollar-single-quotes do not expand parameters => $'$x' => 1 <$x>
dollar-single-quotes do not expand back-quotes => $'`x`' => 1 <`x`>
dollar-single-quotes preserve a double-quote => $'a"b' => 1 <a"b>
dollar-single-quotes preserve pattern characters => $'/*' => 1 </*>
dollar-single-quotes are joined with adjacent text => a$'b'c => 1 <abc>
empty dollar-single-quotes are an empty field => $'' => 1 <>
dollar-single-quotes within double-quotes are no quotes => "$'a'" => 1 <$'a'>
dollar-single-quotes preserve a newline => $'a␤b' => 1 <a␤b>

=== dollar-single-quotes turn {0} into the byte {1} [2.2.4]
printf %s $'{0}' | od -An -to1 | tr -d ' '
---
{1}
+++
\a => 007
\b => 010
\e => 033
\f => 014
\r => 015
\t => 011
\v => 013
\cA => 001
\cz => 032
\c[ => 033
\c\\ => 034
\c] => 035
\c^ => 036
\c_ => 037
\c? => 177
\x7f => 177
\377 => 377
\xfe => 376

=== the delimiter of a here-document may be quoted with dollar-single-quotes [2.2.4]
x=value
cat <<$'EOF'
$x
EOF
---
$x

=== dollar-single-quotes quote in the word of a parameter expansion [2.2.4]
args ${y-$'a\tb'}
---
1 <a	b>

=== a single-quote that is not closed is a syntax error [2.2.2]
echo 'a
--- >0 stderr

=== a double-quote that is not closed is a syntax error [2.2.3]
echo "a
--- >0 stderr

=== quoted characters make a word no reserved word [2.2]
\if 2>/dev/null; echo $?
'then' 2>/dev/null; echo $?
"fi" 2>/dev/null; echo $?
---
127
127
127

=== a quoted character makes a word no assignment [2.2]
\x=1 2>/dev/null; echo $?
x'='1 2>/dev/null; echo $?
---
127
127

=== a quoted character in a command's name leaves it the command's name [2.2]
e\cho one; 'ec'ho two; "echo" three
---
one
two
three

=== special characters quoted in a case pattern are themselves [2.2]
case '*' in '*') echo yes;; esac
case x in \*) echo no;; "?") echo no;; '[x]') echo no;; *) echo none;; esac
---
yes
none

=== quotes from an expansion are not quotes [2.2]
x="'a b'" y='"c d"' z='e\ f'
args $x $y $z
---
6 <'a> <b'> <"c> <d"> <e\> <f>
