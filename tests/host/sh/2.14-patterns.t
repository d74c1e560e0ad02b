# Pattern matching notation, by `case`.

=== {0} [2.14]
case {1} in {2}) echo yes;; *) echo no;; esac
---
{3}
+++
an ordinary character matches itself => a => a => yes
an ordinary character does not match another => a => b => no
an ordinary character's case matters => a => A => no
? matches any character => a => ? => yes
? does not match the empty string => '' => ? => no
? does not match two characters => ab => ? => no
? matches a blank => ' ' => ? => yes
? matches a newline => '␤' => ? => yes
* matches the empty string => '' => * => yes
* matches any string => abc => * => yes
* matches in the middle => axxb => a*b => yes
* matches nothing in the middle => ab => a*b => yes
* at both ends => xaby => *ab* => yes
* matches as far as is needed => aXbXc => a*X*c => yes
* does not match what is not there => abc => *d* => no
a pattern matches the whole string => abc => ab => no
a pattern matches from the beginning => abc => bc => no
several stars => abcabc => *a*c*c => yes
stars and question marks => abc => *??? => yes
stars and question marks that are too many => ab => *??? => no
an escaped * is itself => '*' => \* => yes
an escaped * matches nothing else => a => \* => no
an escaped ? is itself => '?' => \? => yes
an escaped [ is itself => '[a]' => \[a] => yes
an escaped ordinary character is itself => a => \a => yes
an escaped backslash is itself => '\' => \\ => yes
a quoted part is itself => 'a*b' => a'*'b => yes
a quoted part matches nothing else => axb => a'*'b => no
a double-quoted part is itself => 'a?b' => "a?b" => yes
a bracket expression matches one of its characters => b => [abc] => yes
a bracket expression matches no other => d => [abc] => no
a bracket expression matches one character only => ab => [abc] => no
a bracket expression does not match the empty string => '' => [abc] => no
a bracket expression with ! matches another => d => [!abc] => yes
a bracket expression with ! does not match its own characters => a => [!abc] => no
a bracket expression with ! does not match the empty string => '' => [!a] => no
a ! that is not first is ordinary => ! => [a!] => yes
a range matches the characters between => m => [a-z] => yes
a range matches its begin => a => [a-z] => yes
a range matches its end => z => [a-z] => yes
a range does not match the characters outside => A => [a-z] => no
a range of digits => 5 => [0-9] => yes
several ranges => Q => [a-zA-Z] => yes
a range with ! => 5 => [!0-9] => no
a - that is first is ordinary => - => [-a] => yes
a - that is last is ordinary => - => [a-] => yes
a - after ! is ordinary => - => [!-a] => no
a ] that is first is ordinary => ] => []a] => yes
a ] after ! is ordinary => ] => [!]a] => no
a ] after ! leaves others to match => b => [!]a] => yes
a [ in a bracket expression is ordinary => [ => [[] => yes
a * in a bracket expression is ordinary => '*' => [*] => yes
a ? in a bracket expression is ordinary => a => [?] => no
a / in a bracket expression of case is ordinary => / => [/] => yes
an escaped ] in a bracket expression is a member => ] => [a\]] => yes
an escaped - in a bracket expression makes no range => b => [a\-c] => no
an escaped - in a bracket expression is a member => - => [a\-c] => yes
a quoted - in a bracket expression makes no range => b => [a'-'c] => no
a quoted ! in a bracket expression is a member => ! => ['!'a] => yes
an escaped ! in a bracket expression is a member => a => [\!a] => yes
a quoted ] in a bracket expression is a member => ] => [a']'] => yes
a bracket that is not closed is ordinary => '[a' => [a => yes
a bracket that is not closed matches itself only => a => [a => no
a bracket alone is ordinary => [ => [ => yes
[] is no bracket expression => '[]' => [] => yes
[!] is no bracket expression => '[!]' => [!] => yes
] alone is ordinary => ] => ] => yes
{ and } are ordinary => '{a}' => {a} => yes
- is ordinary outside => a-b => a-b => yes
! is ordinary outside => !a => !a => yes
^ is ordinary outside => ^a => ^a => yes
. is ordinary => ab => a.b => no
+ is ordinary => aa => a+ => no
$ at the end is ordinary => 'a$' => a$ => yes
[:alpha:] matches a letter => a => [[:alpha:]] => yes
[:alpha:] does not match a digit => 1 => [[:alpha:]] => no
[:digit:] matches a digit => 7 => [[:digit:]] => yes
[:digit:] does not match a letter => a => [[:digit:]] => no
[:alnum:] matches a digit => 7 => [[:alnum:]] => yes
[:alnum:] matches a letter => x => [[:alnum:]] => yes
[:alnum:] does not match _ => _ => [[:alnum:]] => no
[:upper:] matches a capital letter => A => [[:upper:]] => yes
[:upper:] does not match a small letter => a => [[:upper:]] => no
[:lower:] matches a small letter => a => [[:lower:]] => yes
[:lower:] does not match a capital letter => A => [[:lower:]] => no
[:space:] matches a blank => ' ' => [[:space:]] => yes
[:space:] matches a newline => '␤' => [[:space:]] => yes
[:space:] does not match a letter => a => [[:space:]] => no
[:blank:] matches a tab => '	' => [[:blank:]] => yes
[:blank:] does not match a newline => '␤' => [[:blank:]] => no
[:punct:] matches a comma => , => [[:punct:]] => yes
[:punct:] does not match a letter => a => [[:punct:]] => no
[:print:] matches a blank => ' ' => [[:print:]] => yes
[:print:] does not match a tab => '	' => [[:print:]] => no
[:graph:] matches a letter => a => [[:graph:]] => yes
[:graph:] does not match a blank => ' ' => [[:graph:]] => no
[:cntrl:] matches a tab => '	' => [[:cntrl:]] => yes
[:cntrl:] does not match a letter => a => [[:cntrl:]] => no
[:xdigit:] matches f => f => [[:xdigit:]] => yes
[:xdigit:] does not match g => g => [[:xdigit:]] => no
a class with other members => _ => [[:alpha:]_] => yes
two classes in a bracket expression => 7 => [[:alpha:][:digit:]] => yes
a class with ! => a => [![:alpha:]] => no
a class with ! and another character => 1 => [![:alpha:]] => yes
a class and a range => 5 => [[:alpha:]0-9] => yes
classes one after the other => a1 => [[:alpha:]][[:digit:]] => yes
[.a.] is a collating symbol => a => [[.a.]] => yes
[.-.] is a member in a bracket expression => - => [a[.-.]c] => yes
[=a=] is an equivalence class => a => [[=a=]] => yes
a pattern of an expansion's result => abc => $(echo 'a*') => yes
a pattern of several parts of expansions => abc => a$(echo '*')c => yes
an empty pattern matches the empty string => '' => '' => yes
an empty pattern does not match another string => a => '' => no
a period at the beginning is matched by ? in case => .a => ?a => yes
a period at the beginning is matched by [.] in case => .a => [.]a => yes
a slash is matched by * in case => a/b/c => a*c => yes
alternatives, the first => a => a|b => yes
alternatives, the last => b => a|b => yes
alternatives, none => c => a|b => no

=== a byte that is no character is matched by ? and * in the C locale [2.14]
x=$(printf '\377')
case $x in ?) echo one;; esac
case a${x}b in a*b) echo yes;; esac
case $x in [!a]) echo bracket;; esac
---
one
yes
bracket

=== a backslash in a pattern from a variable escapes the next character [2.14]
p='\*'
case '*' in $p) echo yes;; *) echo no;; esac
case a in $p) echo yes;; *) echo no;; esac
---
yes
no

=== a pattern from a variable may have a bracket expression [2.14]
p='[a-c]*'
case bx in $p) echo yes;; *) echo no;; esac
case dx in $p) echo yes;; *) echo no;; esac
---
yes
no
