# Redirections and here-documents.

=== {0} [2.7]
{1}
---
{2}
+++
a redirection may stand before the command => >f echo a; cat f => a
a redirection may stand between the words => echo a >f b; cat f => a b
several redirections are made from left to right => echo a >f >g; cat f; echo -; cat g => -␤a
an order of redirections matters: 2>&1 >f => { echo a; echo b >&2; } 2>&1 >f; cat f => b␤a
an order of redirections matters: >f 2>&1 => { echo a; echo b >&2; } >f 2>&1; cat f => a␤b
a redirection without a command is made and undone => >f; ls; echo a => f␤a
a redirection of a compound command holds for all in it => { echo a; echo b; } >f; cat f => a␤b
a redirection of a subshell => (echo a; echo b) >f; cat f => a␤b
a redirection of an if => if true; then echo a; fi >f; cat f => a
a redirection of a while loop => while read x; do echo "<$x>"; done <<E␤a␤b␤E => <a>␤<b>
a redirection of a for loop => for x in a b; do echo $x; done >f; cat f => a␤b
a redirection of a case => case a in a) echo b;; esac >f; cat f => b
a redirection at a function's definition is made at each call => f() { echo a; } >>f; f; f; cat f => a␤a
a redirection at a function's call => f() { echo a; }; f >g; cat g => a
a redirection of a built-in is undone after it => : >f; echo a >f; echo b; cat f => b␤a
a redirection of cd and other built-ins => cd . >f; pwd >g; test -s g; echo $? => 0
a file name's word is expanded for parameters => x=f; echo a >$x; cat f => a
a file name's word has its quotes removed => echo a >"f g"; cat 'f g' => a
a blank between the operator and the word does not matter => echo a > f; cat < f => a
a descriptor's number may be in front => echo a 3>f >&3; cat f => a
a descriptor above 2 may be opened by exec => exec 5>f; echo a >&5; exec 5>&-; cat f => a
a descriptor 9 may be used => exec 9>f; echo a >&9; cat f => a
a variable in a redirection's word that is quoted => x='a b'; echo c >"$x"; cat 'a b' => c
a redirection on a command that is not found is made => no_such_command >f 2>/dev/null; ls => f
a redirection with an assignment alone => x=1 >f; echo $x; ls => 1␤f
exec without a command keeps redirections => exec 3>f; echo a >&3; cat f => a
a redirection in a pipeline goes before the pipe's => echo a >f | cat; cat f => a
a redirection to a descriptor in a pipeline has the pipe already => { echo a >&2; } 2>&1 | cat => a
the redirections of a special built-in hold only for it => : >f; . /dev/null >g; echo a => a
eval's redirection holds for what it evaluates => eval 'echo a; echo b' >f; cat f => a␤b
a dot script's redirection holds for the script => echo 'echo a' >s; . ./s >f; cat f => a

=== {0} [2.7.1]
{1}
---
{2}
+++
< opens a file for standard input => echo a >f; cat <f => a
n< opens a file for a descriptor => echo a >f; cat 3<f <&3 => a
0< is as < => echo a >f; cat 0<f => a
< of a file for read leaves its offset => printf 'a\nb\n' >f; { read x; read y; } <f; echo $x $y => a b
< in a loop's condition opens it anew each time => printf 'a\nb\n' >f; read x <f; read y <f; echo $x $y => a a

=== {0} [2.7.2]
{1}
---
{2}
+++
> creates a file => echo a >f; cat f => a
> truncates a file => echo long >f; echo a >f; cat f => a
> alone empties a file => echo a >f; >f; cat f; echo b => b
n> opens for a descriptor => echo a 2>f; cat f; ls => a␤f
>| is as > => echo a >f; echo b >|f; cat f => b
with set -C > does not overwrite => echo a >f; set -C; { echo b >f; } 2>/dev/null; cat f => a
with set -C > fails with a status greater than 0 => echo a >f; set -C; { true >f; } 2>/dev/null && echo no; echo $? => 1
with set -C >| overwrites => echo a >f; set -C; echo b >|f; cat f => b
with set -C > creates => set -C; echo a >f; cat f => a
with set -C > to /dev/null works => set -C; echo a >/dev/null; echo b => b
with set -C >> works => echo a >f; set -C; echo b >>f; cat f => a␤b
with set -C > overwrites no file behind a symbolic link => echo a >f; ln -s f l; set -C; { echo b >l; } 2>/dev/null; cat f => a
with set -C > overwrites no file that the path names only then => echo a >f; exec 4<>f 3>/dev/null; set -C; { env echo b 3>&4 >/dev/fd/3; } 2>/dev/null || echo fails; cat f => fails␤a
with set -C > writes to what the path names only then => echo a >f; exec 4>/dev/null 3<>f; set -C; env echo b 3>&4 >/dev/fd/3 && cat f => a
with set -C a program's > to /dev/null works => set -C; env echo a >/dev/null && echo b => b
with set -C a program's > to a FIFO works => mkfifo p; cat p & set -C; env echo a >p; wait => a
with set -C > makes no file behind a symbolic link => ln -s f l; set -C; { env echo b >l; } 2>/dev/null || ls => l
with set +C > overwrites again => echo a >f; set -C; set +C; echo b >f; cat f => b
with set -o noclobber > does not overwrite => echo a >f; set -o noclobber; { echo b >f; } 2>/dev/null; cat f => a
a file that > creates has the mode 666 less the umask => umask 027; >f; ls -l f | cut -c1-10 => -rw-r-----

=== {0} [2.7.3]
{1}
---
{2}
+++
>> appends => echo a >f; echo b >>f; cat f => a␤b
>> creates a file => echo a >>f; cat f => a
n>> appends for a descriptor => { echo a >&3; } 3>>f; { echo b >&3; } 3>>f; cat f => a␤b
>> appends at the end at each write => exec 3>>f; echo a >f; echo b >&3; cat f => a␤b

=== a here-document is standard input [2.7.4]
cat <<END
one

  two	tab
END
---
one

  two	tab

=== a here-document with a quoted delimiter is not expanded: {0} [2.7.4]
x=value
cat <<{0}
$x ${x} $(echo a) `echo a` $((1)) \$x \\ \
"'
END
---
$x ${x} $(echo a) `echo a` $((1)) \$x \\ \
"'
+++
'END'
"END"
\END
E"N"D
EN\D
''END

=== a here-document is expanded [2.7.4]
x=value
cat <<END
$x ${x}s $(echo a) `echo b` $((1+2)) ${u:-word}
END
---
value values a b 3 word

=== in a here-document a backslash is as within double-quotes, except before a double-quote [2.7.4]
x=value
cat <<END
\$x \`a\` \\ \" \' \a a\
b "$x" '$x' "a'
END
---
$x `a` \ \" \' \a ab "value" 'value' "a'

=== a here-document's results are neither split nor patterns [2.7.4]
x='a   *   b'
cat <<END
$x *
END
---
a   *   b *

=== quotes in a word in a here-document's parameter expansion [2.7.4]
cat <<END
${u:-a b} ${u:-'a'} ${u+x}.
END
---
a b 'a' .

=== a here-document may be empty [2.7.4]
cat <<END
END
echo after
---
after

=== a here-document ends at the delimiter alone on a line [2.7.4]
cat <<END
ENDX
XEND
 END
END 
END
---
ENDX
XEND
 END
END 

=== a here-document's delimiter is not expanded [2.7.4]
x=END
cat <<$x
END
$x
---
END

=== a delimiter with blanks may be quoted [2.7.4]
cat <<'E N D'
a
E N D
---
a

=== an empty delimiter ends at the first empty line [2.7.4]
cat <<''
a

echo b
---
a
b

=== <<- removes tabs at the beginning of lines and of the delimiter [2.7.4]
cat <<-END
	one
		two
	 three	tab
    four
	END
---
one
two
 three	tab
    four

=== <<- with a quoted delimiter removes tabs too [2.7.4]
cat <<-'END'
	$x
		END
---
$x

=== <<- removes tabs of the text, not of expansions' results [2.7.4]
x='	tab'
cat <<-END
	$x
	END
---
	tab

=== a here-document for another descriptor [2.7.4]
cat <<END 3<<OTHER <&3
no
END
yes
OTHER
---
yes

=== two here-documents of one command come in the order of their operators [2.7.4]
{ cat; cat <&3; } <<A 3<<B
a
A
b
B
---
a
b

=== a here-document in a loop is expanded at each round [2.7.4]
for x in 1 2; do cat <<END
$x
END
done
---
1
2

=== a here-document in a function is expanded at each call [2.7.4]
f() { cat <<END
$1
END
}
f a; f b
---
a
b

=== the command line of a here-document may continue after the operator [2.7.4]
cat <<END | cat - && echo yes
a
END
---
a
yes

=== a here-document in a condition [2.7.4]
if read x <<END; then echo "$x"; fi
a
END
---
a

=== a here-document in a compound command's redirection [2.7.4]
while read x; do echo "<$x>"; done <<END
a
b
END
---
<a>
<b>

=== a here-document in a case's item [2.7.4]
case a in
a) cat <<END ;;
text
END
b) echo no ;;
esac
---
text

=== a here-document in a subshell and a brace group [2.7.4]
(cat <<A
a
A
)
{ cat <<B
b
B
}
---
a
b

=== a command substitution in a here-document may have a here-document of its own [2.7.4]
cat <<A
$(cat <<B
b
B
)
A
---
b

=== a line continuation in a here-document joins lines before the delimiter is looked for [2.7.4]
cat <<END
a\
END
b
END
---
aEND
b

=== a quoted delimiter keeps a backslash and a newline [2.7.4]
cat <<'END'
a\
END
---
a\

=== the exit status of a command with a here-document is that of the command [2.7.4]
(exit 3) <<END
a
END
echo $?
---
3

=== a here-document without a command is read [2.7.4]
<<END
a
END
echo b
---
b

=== a here-document in eval [2.7.4]
eval 'cat <<END
a
END
echo b'
---
a
b

=== a here-document in back-quotes [2.7.4]
x=`cat <<END
a
END
`
echo $x
---
a

=== a here-document larger than a pipe [2.7.4]
x=0123456789012345678901234567890123456789012345678901234567890123
x=$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x
x=$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x
x=$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x
cat <<END | wc -c | tr -d ' '
$x
END
---
262145

=== a parameter expansion in a here-document may extend over lines [2.7.4]
cat <<END
${u:-a
b}
END
---
a
b

=== an assignment in a here-document's expansion has effect in the shell [2.7.4]
: <<END
${x=value}
END
echo $x
---
value

=== {0} [{3}]
{1}
---
{2}
+++
<& duplicates an input => echo a >f; exec 3<f; cat <&3 => a => 2.7.5
n<& duplicates an input for a descriptor => echo a >f; cat 3<f 4<&3 <&4 => a => 2.7.5
<&- closes standard input => cat <&- 2>/dev/null || echo closed => closed => 2.7.5
n<&- closes a descriptor => exec 3</dev/null; exec 3<&-; { cat <&3; } 2>/dev/null || echo closed => closed => 2.7.5
<& takes its descriptor from an expansion => echo a >f; exec 3<f; x=3; cat <&$x => a => 2.7.5
<& shares the offset => printf 'a\nb\n' >f; exec 3<f 4<&3; read x <&3; read y <&4; echo $x $y => a b => 2.7.5
closing a descriptor that is not open is no error => exec 7<&-; echo $? => 0 => 2.7.5
>& duplicates an output => exec 3>f; echo a >&3; cat f => a => 2.7.6
n>& duplicates an output for a descriptor => { echo a >&2; } 2>&1 => a => 2.7.6
>&- closes standard output => { echo a; } >&- 2>/dev/null || echo b => b => 2.7.6
n>&- closes a descriptor => exec 3>f; exec 3>&-; { echo a >&3; } 2>/dev/null || echo closed => closed => 2.7.6
>& takes its descriptor from an expansion => x=1; echo a >&$x => a => 2.7.6
descriptors are exchanged by a third => { echo out; echo err >&2; } 3>&1 1>f 2>&3; cat f => err␤out => 2.7.6
an output to a closed descriptor fails => { echo a >&7; } 2>/dev/null || echo fails => fails => 2.7.6
<> opens for reading and writing => echo abc >f; exec 3<>f; read x <&3; echo def >&3; cat f; echo $x => abc␤def␤abc => 2.7.7
<> creates a file => : <>f; ls => f => 2.7.7
<> does not truncate => echo abc >f; : <>f; cat f => abc => 2.7.7
<> is standard input without a number => echo a >f; cat <>f => a => 2.7.7
1<> writes over a file's beginning => echo abc >f; printf X 1<>f; cat f => Xbc => 2.7.7

=== a redirection error of {0} does not end the shell, and the status is greater than 0 [2.7]
{1} 2>/dev/null
test $? -gt 0 && echo after
---
after
+++
a regular built-in => { test a </nonexistent; }
a utility => { cat </nonexistent; }
a brace group => { { echo no; } </nonexistent; }
a subshell => { (echo no) </nonexistent; }
a for loop => { for x in a; do echo no; done </nonexistent; }
a while loop => { while :; do echo no; break; done </nonexistent; }
an if => { if true; then echo no; fi </nonexistent; }
a case => { case a in a) echo no;; esac </nonexistent; }
a function => f() { echo no; }; { f </nonexistent; }
a command that is empty => { </nonexistent; }
an output file in a directory that is not there => { echo no >/nonexistent/f; }
a directory for output => { echo no >/; }
a descriptor that is not open => { echo no >&9; }
a descriptor that is not open for input => { cat <&9; }

=== a redirection error is reported on standard error [2.7]
cat </nonexistent
--- >0 stderr

=== a command with a redirection error is not executed [2.7]
{ echo a >f </nonexistent; } 2>/dev/null
ls
cat f
---
f

=== a redirection error in a pipeline does not affect the other commands [2.7]
{ echo a | cat </nonexistent; echo b | cat; } 2>/dev/null
---
b

=== a redirection's word has no field splitting, and may be an empty string, which names no file [2.7]
x=
{ echo a >$x; } 2>/dev/null || echo fails
---
fails

=== descriptors that the shell opens for itself are not seen by commands [2.7]
$ FILE
for i in 3 4 5 6 7 8 9; do { true <&$i; } 2>/dev/null && echo $i; done
$SH -c 'for i in 3 4 5 6 7 8 9; do { true <&$i; } 2>/dev/null && echo $i; done'
{ $SH -c 'for i in 3 4 5 6 7 8 9; do { true <&$i; } 2>/dev/null && echo $i; done'; } >f
cat f
echo end
---
end

=== a redirection may use a name of an open file, such as /dev/stdin: {0} [2.7]
echo a >in; echo b >>in
{ {1}; } <in >out; echo $?
cat out
---
0
{2}
+++
standard input of a program => cat </dev/stdin => a␤b
standard input of a built-in => read x </dev/stdin; echo $x => a
standard input of a group => { read x; echo $x; } </dev/stdin => a
standard input of a subshell => (cat) </dev/stdin => a␤b
standard input of a loop => while read x; do echo $x; done </dev/stdin => a␤b
standard input of a function => f() { cat; }; f </dev/stdin => a␤b
standard input by its number => cat </dev/fd/0 => a␤b
standard input by /proc => cat </proc/self/fd/0 => a␤b
standard input by a link => ln -s /proc/self/fd/0 link; cat <link => a␤b
standard input of command => command cat </dev/stdin => a␤b
standard input of exec => (exec cat </dev/stdin) => a␤b
standard input of exec alone => (exec </dev/stdin; cat) => a␤b
standard input in the background => exec 3<&0; cat <&3 </dev/fd/3 & wait $! => a␤b
standard input in a pipeline => cat </dev/stdin | cat => a␤b
standard input in a command substitution => echo "$(cat </dev/stdin)" => a␤b
standard input for reading and writing => cat <>/dev/stdin => a␤b
another descriptor => exec 3<in; cat </dev/fd/3 => a␤b
another descriptor onto another => exec 3<in; cat 4</dev/fd/3 <&4 => a␤b
another descriptor of the same command => cat 3<in </dev/fd/3 => a␤b
another descriptor onto itself => exec 3<in; cat 3</dev/fd/3 <&3 => a␤b
standard output of a program => env echo c >/dev/stdout => c
standard output of a built-in => echo c >/dev/stdout => c
standard output of a group => { echo c; } >/dev/stdout => c
standard output of a subshell => (env echo c) >/dev/stdout => c
standard output of a function => f() { env echo c; }; f >/dev/stdout => c
standard output to be appended to => echo c; env echo d >>/dev/stdout => c␤d
standard output by its number => env echo c >/dev/fd/1 => c
standard output by a link => ln -s /dev/fd/1 link; env echo c >link => c
standard output in a command substitution => x=$(env echo c >/dev/stdout); echo "<$x>" => <c>
standard output in a pipeline => env echo c >/dev/stdout | cat => c
standard error as standard output => { env ls /nonexistent 2>/dev/stdout; } >f; test -s f && echo some => some
standard output after it was saved => env echo c 3>&1 >/dev/null >/dev/fd/3 => c

=== a redirection to a descriptor that is closed fails: {0} [2.7]
exec 9>&1 {1}
{ {2}; } 2>/dev/null; echo $? >&9
---
1
+++
standard input of a program => <&- => cat </dev/stdin
standard input of a built-in => <&- => read x </dev/stdin
standard input of a group => <&- => { :; } </dev/stdin
standard output of a program => >&- => env echo >/dev/stdout
standard output of a built-in => >&- => echo >/dev/stdout
