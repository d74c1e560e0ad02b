# How input becomes tokens: operators, words, comments.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }

=== {0} [2.3]
{1}
---
{2}
+++
a blank delimits a token => args a b => 2 <a> <b>
several blanks delimit a token as one does => args   a    b => 2 <a> <b>
a tab is a blank => args	a	b => 2 <a> <b>
blanks before a command do not matter =>    	args a => 1 <a>
blanks after a command do not matter => args a    => 1 <a>
an operator delimits a token without blanks => echo a;echo b&&echo c||echo d => a␤b␤c
the pipe operator delimits a token without blanks => echo a|cat => a
the operator && is one token, not two => true&&echo a => a
the operator ;; ends a word => case a in a) echo b;;esac => b
a # in the middle of a word begins no comment => args a#b => 1 <a#b>
a # at the beginning of a word begins a comment => args a #b => 1 <a>
a # after an operator begins a comment => echo a;# echo b => a
a # after a parenthesis begins a comment => (echo a␤#)␤) => a
a # after a quoted part of a word begins no comment => args ''#a "b"#c => 2 <#a> <b#c>
a # after an expansion begins no comment => x=; args $x#a => 1 <#a>
a comment ends at the end of the line => # a␤echo b => b
a comment contains quotes that mean nothing => echo a # it's "␤echo b => a␤b
a comment alone is no command, and leaves no error => #
a line of blanks is no command =>     ␤echo a => a
a newline ends a command => echo a␤echo b => a␤b
several newlines are as one => echo a␤␤␤echo b => a␤b
a word that consists only of digits is an IO_NUMBER only right before < or > => echo 2 >&1 => 2
digits right before > are an IO_NUMBER => echo a 1>&1 => a
digits that belong to a longer word are no IO_NUMBER => echo a2>/dev/null; echo b2>&1 => b2
quoted digits before > are no IO_NUMBER => echo \2>&1; echo '2'>&1 => 2␤2
an expansion before > is no IO_NUMBER => x=2; echo $x>&1 => 2
the longest operator is taken: >> and not > twice => echo a>f; echo b>>f; cat f => a␤b
the longest operator is taken: <<- and not << => cat <<-E␤	a␤	E => a
a command substitution may contain blanks and operators in one token => args a$(echo b; echo c)d => 2 <ab> <cd>
an arithmetic expansion may contain blanks in one token => args a$(( 1 + 2 ))b => 1 <a3b>
a parameter expansion may contain blanks in one token => args a${x:-b c}d => 2 <ab> <cd>
a parameter expansion in double-quotes may contain blanks => args "${x:-b c}" => 1 <b c>
a double-quoted part makes a blank part of the token => args a" "b => 1 <a b>
a ! within a word is an ordinary character => args a! => 1 <a!>
braces within words are ordinary characters => args {a} }a a} => 3 <{a}> <}a> <a}>
a brace alone is an ordinary argument => args { } => 2 <{> <}>
a % is an ordinary character => args % %1 => 2 <%> <%1>
an @ is an ordinary character => args a@b => 1 <a@b>
an = alone is an ordinary character => args = => 1 <=>
a dollar sign at the end of a word is itself => args a$ $ => 2 <a$> <$>
a dollar sign before a character that begins no expansion is itself => args $% $, => 2 <$%> <$,>
a $ before a closing parenthesis is itself => (args $) => 1 <$>
commands are read and executed in turn, so a syntax error comes after the earlier commands => echo a␤: => a

=== a syntax error in a later line does not keep the lines before it from being executed [2.3]
$ FILE
echo a
)
echo b
--- >0 stderr
a

=== a shell that reads its standard input executes each command before it reads the next [2.3]
$ -s
echo a
read x
this is for read
echo "<$x>"
---
a
<this is for read>

=== the rest of standard input goes to a command that reads it [2.3]
$ -s
cat
not a command
at all
---
not a command
at all

=== a here-document's body begins after the next newline [2.3]
cat <<E; echo after
text
E
---
text
after

=== two here-documents follow each other in the order of their operators [2.3]
cat <<A; cat <<B
one
A
two
B
---
one
two

=== {0} [2.3.1]
{1}
---
{2}
+++
an alias is replaced where a command's name is expected => alias a='echo b'␤a c => b c
an alias is not replaced as an argument => alias b=c␤echo b => b
an alias is not replaced before the next line is read => alias aa='echo no'; aa 2>/dev/null || echo none => none
an alias's value may be several words, and operators => alias a='echo b; echo'␤a c => b␤c
an alias whose value ends in a blank has the next word checked => alias a='echo ' b=c␤a b b => c b
an alias whose value ends in no blank has not => alias a=echo b=c␤a b => b
the next word after an alias with a blank is checked also if that is an alias with a blank => alias a='echo ' b='c ' d=e␤a b d => c e
an alias is replaced after a semicolon => alias a='echo b'␤:;a => b
an alias is replaced after && and || => alias a='echo b'␤true&&a; false||a => b␤b
an alias is replaced after | => alias a='cat -'␤echo b|a => b
an alias is replaced after a reserved word => alias a='echo b'␤if a; then a; fi => b␤b
an alias is replaced after { and ( => alias a='echo b'␤{ a; }; (a) => b␤b
an alias is replaced after ! => alias a='echo b'␤! a␤: => b
an alias is replaced after an assignment => alias a='echo b'␤x=1 a => b
an alias is replaced after a redirection => alias a='echo b'␤</dev/null a => b
a quoted name is no alias => alias echo='echo no'␤\echo a; 'echo' b; e"cho" c => a␤b␤c
an alias is not replaced in its own value => alias echo='echo x'␤echo a => x a
two aliases that name each other come to an end => alias a='b 1' b='echo 2'␤a => 2 1
an alias may stand for a reserved word => alias wenn=if␤wenn true; then echo a; fi => a
an alias may stand for the begin of a compound command => alias begin={ end=}␤begin echo a; end => a
an alias may stand for a whole compound command's begin => alias a='if true; then echo'␤a b; fi => b
an alias's value may have an assignment => alias a='x=1 '␤a; echo $x => 1
an alias's value may have a redirection => alias a='>f echo'␤a b; cat f => b
an alias's value may begin a comment => alias a='#'␤a echo b␤echo c => c
an alias's value may have quotes => alias a='echo "b  c"'␤a => b  c
an alias's value may be empty => alias a=␤a echo b => b
an alias's value may be blanks, and then the next word is checked => alias a=' ' b='echo c'␤a b => c
an alias's value that ends in a blank has no effect on the word after the next => alias a='echo ' b=c␤a x b => x b
an alias's name may have characters that no variable's name has => alias a@b,c%!='echo d'␤a@b,c%! => d
an alias's name may begin with a digit => alias 1='echo one'␤1 => one
a command that is an alias after expansion is not replaced => alias a='echo b'␤x=a; $x 2>/dev/null || echo none => none
an alias is replaced in a function's definition when that is read => alias a='echo old'␤f() { a; }␤alias a='echo new'␤f => old
an alias that is defined after a function does not change it => a() { echo function; }␤f() { a; }␤alias a='echo alias'␤f => function
an alias is replaced in eval => alias a='echo b'; eval a => b
an alias is not known in the eval that defines it, on the same line => eval 'alias aa="echo no"; aa' 2>/dev/null || echo none => none
an alias is known in the next line of an eval => eval 'alias a="echo b"␤a' => b
unalias takes effect for the next line => alias a='echo b'␤unalias a␤a 2>/dev/null || echo none => none
an alias is known in a subshell => alias a='echo b'␤(a) => b
an alias is known in a command substitution => alias a='echo b'␤echo $(a) => b
an alias that is defined in a subshell is not known outside => (alias a='echo b')␤a 2>/dev/null || echo none => none
the word after for is no alias => alias x='echo no'␤for x in a; do echo $x; done => a
the word after case is no alias => alias x='echo no'␤case x in x) echo yes;; esac => yes
an alias for in is not replaced after for => alias in='no'␤for x in a; do echo $x; done => a

=== an alias may hold several lines [2.3.1]
alias a='echo b
echo c'
a d
---
b
c d

=== the expansion of aliases that name each other in a circle ends [2.3.1]
alias a=b b=a
a 2>/dev/null
echo $?
---
127

=== a function is defined under the name that an alias gives [2.3.1]
alias a=b
a() { echo function; }
b
---
function

=== an alias is known in a dot script [2.3.1]
alias a='echo b'
echo a >f
. ./f
---
b

=== an alias that a dot script defines is known after it [2.3.1]
echo "alias a='echo b'" >f
. ./f
a
---
b

=== a shell does not inherit aliases [2.3.1]
alias aa='echo b'
$SH -c aa 2>/dev/null || echo none
---
none

=== {0} [2.3.1]
{1}
---
{2}
+++
an alias behind a blank-ending one is not replaced if it is a reserved word that is recognised => alias a='true; ' '!'='echo no'; eval 'a ! false'; echo $? => 0
the reserved word in behind a blank-ending alias is not replaced => alias a='for x ' in='in 7'; eval 'a in 1; do echo $x; done' => 1
the reserved word do behind a blank-ending alias is not replaced => alias a='for x ' do='in 7; do'; set -- 1; eval 'a do echo $x; done' => 1
the name of for behind a blank-ending alias is replaced => alias a='for ' b=x; eval 'a b in 1 2; do echo $x; done' => 1␤2
an alias for do behind a blank-ending alias is replaced => alias a='for x ' d=do; set -- 1; eval 'a d echo $x; done' => 1
the word behind the name of for is replaced behind a blank-ending alias => alias a='for x ' i=in; eval 'a i 1 2; do echo $x; done' => 1␤2
a reserved word that ends a list is not replaced behind a blank-ending alias => alias a='if true; then echo a; ' fi='echo no; fi'; eval 'a fi' => a
a here-document's delimiter behind a blank-ending alias is replaced => alias c='cat << ' E=F; eval 'c E␤x␤F␤echo end' => x␤end
a here-document's delimiter is replaced by a quoted one => alias c='cat << ' E='"F"'; eval 'c E␤$x␤F␤echo end' => $x␤end
a backslash at the end of an alias joins the next line => alias s='echo a\'; eval 's␤echo c' => aecho c
a backslash at the end of an alias quotes an operator behind the name => alias s='echo a\'; eval 's; b' => a; b
a backslash at the end of the last alias stands for nothing => alias s='echo a\'; eval 's' => a
a backslash at the end of an alias quotes what follows the name => alias s='echo a\'; eval 's b' => a b

