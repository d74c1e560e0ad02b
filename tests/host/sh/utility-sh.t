# sh: how it is started.

=== -c takes the command string [sh]
$ -c SCRIPT
echo a
---
a

=== -c takes a name and arguments [sh]
$ -c SCRIPT name a b
echo "$0 $# $1 $2"
---
name 2 a b

=== -s reads standard input, with arguments [sh]
$ -s a b
echo "$# $1 $2"
---
2 a b

=== without operands standard input is read [sh]
$ -u
echo "$#"
---
0

=== -s with options [sh]
$ -es a
echo $1
false
echo no
--- 1
a

=== a file is executed [sh]
$ FILE a b
echo "$0 $# $1 $2"
---
../script 2 a b

=== a file with -- before it [sh]
$ -- FILE a
echo "$# $1"
---
1 a

=== an option before a file [sh]
$ -f FILE a
echo * $1
---
* a

=== -o with a name before a file [sh]
$ -o noglob FILE
echo *
---
*

=== +o with a name after -f [sh]
$ -f +o noglob -c SCRIPT
case $- in *f*) echo on;; *) echo off;; esac
---
off

=== options after the command string are arguments [sh]
$ -c SCRIPT name -f -- a
echo "$#" "$@"
---
3 -f -- a

=== a file that reads its own standard input [sh]
$ FILE
read x
echo "<$x>"
<<<
input
---
<input>

=== -c leaves standard input to commands [sh]
read x
cat
<<<
one
two
---
two

=== -n reads commands and executes none [sh]
$ -n FILE
echo no
---

=== -n finds a syntax error [sh]
$ -n FILE
if
--- >0 stderr

=== -v writes what is read [sh]
$ -v FILE
echo a
--- 0 stderr
a

=== -x traces [sh]
$ -x -c SCRIPT
echo a
--- 0 stderr
a

=== {0} [sh]
{1}
---
{2}
+++
a script file is looked for in the working directory first => echo 'echo a' >f; $SH f => a
a script's operand may be in PATH, or is not found => mkdir d; echo 'echo a' >d/ff; PATH=$PWD/d:$PATH $SH d/ff => a
a script without a newline at its end => printf 'echo a' >f; $SH ./f => a
an empty script has the status 0 => : >f; $SH ./f; echo $? => 0
a script that is not there has the status 127 => $SH ./nothing 2>/dev/null; echo $? => 127
--help prints the usage and ends with status 0, if it can be written => $SH --help | head -n 1; $SH --help >/dev/full 2>/dev/null || echo $? => Usage: sh [OPTION...] [FILE [ARGUMENT...]]␤1
--version prints the name => $SH --version | cut -d' ' -f1-2 => sh (nestling)
an unknown long option is named whole => $SH --nope 2>&1 | sed 's/.*: -/-/' => --nope: no such option
an unknown option has a status greater than 0 => $SH -_ -c : 2>/dev/null || echo fails => fails
-c without a command string has a status greater than 0 => $SH -c 2>/dev/null || echo fails => fails
-c '' has the status 0 => $SH -c ''; echo $? => 0
-e is set -e => $SH -e -c 'false; echo no'; echo $? => 1
-u is set -u => $SH -u -c 'echo $x; echo no' 2>/dev/null || echo error => error
-a is set -a => $SH -a -c 'x=1; '"$SH"' -c "echo \$x"' => 1
-C is set -C => : >f; $SH -C -c 'echo a >f' 2>/dev/null || echo fails => fails
-f is set -f => $SH -f -c 'echo *' => *
letters together => $SH -fuc 'case $- in *f*u*|*u*f*) echo yes;; esac' => yes
-ec is -e and -c => $SH -ec 'false; echo no' || echo $? => 1
- ends the options => $SH -c - 'echo a' 2>/dev/null => a
-- ends the options after -c => $SH -c -- 'echo a' => a
+f turns an option off => $SH -f +f -c 'case $- in *f*) echo on;; *) echo off;; esac' => off
$- has no c, or it has: it begins with no blank => $SH -c 'case $- in " "*) echo no;; *) echo yes;; esac' => yes
a shell's standard input through a pipe is read line by line => printf 'read x\nline\necho "<$x>"\n' | $SH => <line>
a shell's standard input through a pipe is left to a command => printf 'cat\nrest\n' | $SH => rest
exec in a script read from standard input redirects what is read => printf 'echo b\n' >f; printf 'echo a\nexec <f\necho no\n' | $SH => a␤b
a script with carriage returns has them as characters => printf 'echo a\r\n' | $SH | od -An -to1 | tr -d ' ' => 141015012
a script with a very long line => x=0123456789; for i in 1 2 3 4 5 6 7 8 9; do x=$x$x; done; echo "echo $x" >f; $SH ./f | wc -c | tr -d ' ' => 5121
a script with many lines => i=0; while [ $i -lt 2000 ]; do echo "x=$i"; i=$((i+1)); done >f; echo 'echo $x' >>f; $SH ./f => 1999
a script with a null byte is refused or continues => printf 'echo a\n\0\n' >f; $SH ./f 2>/dev/null | head -n 1 | cut -c1 | tr -d '\n'; echo => a
ENV is not read by a shell that is not interactive => echo 'echo env' >e; ENV=$PWD/e $SH -c 'echo a' => a
ENV is read by an interactive shell => echo 'echo env' >e; ENV=$PWD/e $SH -i -c 'echo a' 2>/dev/null </dev/null => env␤a
ENV is expanded by an interactive shell => echo 'echo env' >e; D=$PWD ENV='$D/e' $SH -i -c 'echo a' 2>/dev/null </dev/null => env␤a
an interactive shell does not exit at an error => printf 'echo ${x?}\necho a\n' | $SH -i 2>/dev/null => a
an interactive shell does not exit at a syntax error => printf ')\necho a\n' | $SH -i 2>/dev/null => a
an interactive shell writes PS1 to standard error => printf 'echo a\n' | PS1=prompt $SH -i 2>&1 >/dev/null | grep -q prompt && echo yes => yes
an interactive shell ignores SIGTERM => printf 'kill -s TERM $$\necho a\n' | $SH -i 2>/dev/null => a
the exit status of a script is that of its last command => echo '(exit 3)' >f; $SH ./f; echo $? => 3
