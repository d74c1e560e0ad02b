# Tilde expansion.
HOME=/home/me

=== {0} [2.6.1]
{1}
---
{2}
+++
a tilde alone is the value of HOME => echo ~ => /home/me
a tilde before a slash is the value of HOME => echo ~/a/b => /home/me/a/b
a tilde within a word is itself => echo a~ a~/b => a~ a~/b
a quoted tilde is itself => echo '~' "~" \~ => ~ ~ ~
a tilde with a quoted slash after it is not expanded, or is without looking at the slash => echo ~'/'a | grep -c '^[~/]' => 1
a tilde-prefix with a quoted character is itself => HOME=x; echo ~"root" ~\root => ~root ~root
a tilde before a name is that user's home => x=~root; test -n "$x" && test "${x#/}" != "$x" && echo yes => yes
a tilde before an unknown name is not expanded => echo ~no_such_user_here/a => ~no_such_user_here/a
a tilde at the beginning of an assignment's value is expanded => x=~; echo $x => /home/me
a tilde after a colon in an assignment's value is expanded => x=a:~:~/b; echo $x => a:/home/me:/home/me/b
a tilde after an equals sign in an assignment's value is itself => x=a=~; echo $x => a=~
a tilde after a quoted colon in an assignment's value is itself => x=a\:~; y=a':'~; echo $x $y => a:~ a:~
a tilde in an assignment's value ends at a colon => x=~/a:b; echo $x => /home/me/a:b
a tilde in double-quotes in an assignment's value is itself => x="~:~"; echo $x => ~:~
tildes in the word of a parameter in an assignment's value are expanded => x=~:${u-~:~}:~; echo $x => /home/me:/home/me:/home/me:/home/me
a tilde after a colon in the word of a parameter in an argument is itself => echo ${u-~:~} | cut -d : -f 2 => ~
a tilde after a colon in a command substitution in an assignment's value is itself => x=$(echo a:~):~; echo $x => a:~:/home/me
a tilde after a colon in an argument is itself => echo a:~ => a:~
a tilde in an argument that looks like an assignment to a regular command is itself => echo x:~ | cat => x:~
a tilde in an argument of export is expanded => export x=~/a; echo $x => /home/me/a
a tilde in an argument of readonly is expanded => readonly x=a:~; echo $x => a:/home/me
a tilde from an expansion is itself => x='~'; echo $x $x/a => ~ ~/a
the result of a tilde expansion is not split into fields => HOME='a  b'; echo ~ => a  b
the result of a tilde expansion is not subject to pathname expansion => : >file; HOME='*'; echo ~ => *
the result of a tilde expansion is not expanded again => HOME='$x'; x=no; echo ~ => $x
a tilde in a redirection's word is expanded => HOME=$PWD; echo a >~/f; cat f => a
a tilde in a for list is expanded => for x in ~; do echo $x; done => /home/me
a tilde in a case word and a pattern is expanded => case ~ in ~) echo yes;; esac => yes
a tilde in the word of a parameter expansion is expanded => echo ${x:-~} ${x-~/a} => /home/me /home/me/a
a tilde in the word of a parameter expansion in double-quotes is itself => echo "${x:-~}" => ~
a tilde in a pattern to be removed is expanded => x=/home/me/a; echo ${x#~} => /a
a tilde in a here-document is itself => cat <<E␤~␤E => ~
a tilde after an opening bracket is itself => echo [~] => [~]
a tilde before an expansion is itself => u=root; echo ~$u => ~root
HOME ending in a slash is not followed by two slashes, or is => HOME=/; echo ~/a | tr -s / => /a
a variable assigned by := expands a tilde => : ${x:=~/a}; echo $x => /home/me/a
