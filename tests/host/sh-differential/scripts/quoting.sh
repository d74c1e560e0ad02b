### tilde-of-root
HOME=/; p ~ ~/ ~/x; x=~/; p "$x"
### nested-substitutions
p "$(p "$(p "a b" 'c"d')" `p "\`p x\`"`)"
### quotes-in-braces
unset u; v=x; p ${u-"a b"c} "${u-a b}" ${u-a\ b} ${u-'a b'} "${v+"q r"}" ${v+'}'} "${u-\}}"
### backslash-newline-everywhere
ec\
ho a\
b "c\
d" 'e\
f' ${x-\
y} $\
x $((1\
+2)) &\
& echo joined
### hash-in-words
p a#b #c
p "#d" \#e ''#f
### dollar-alone
p $ "$" a$ $' ' "$"x a$/b
### backquotes-and-backslashes
p `echo \$HOME` `echo \\\\` "`echo \"in\"`" `echo '\\'`
### case-in-substitution
p $(case a in a) echo one;; esac) $(case b in (b) echo two; esac)
### substitution-of-here-document
p "$(cat <<E
$(echo "in )")
E
)"
### empty-words
e=; p $e "$e" ''$e $e$e "$e$e" "$@" "$@"'' $*
### at-in-the-middle
set -- 'a b' c ''; p x"$@"y "$@$@" "${@}" "x${@}y" $*x
### assignment-is-not-split
v='a  b *'; w=$v; x=$*; y=$@; p "$w" "$x" "$y"
### comment-after-continuation
echo a # b \
echo c
### semicolons-in-quotes
p a';'b "&&" \| '>' x\>y
### quoted-reserved-word
'if' true 2>/dev/null; p $?
\if 2>/dev/null; p $?
### here-document-quoting
v=val
cat <<E
"$v" '$v' \$v \\ \" \' ${v#v} "${u-"q"}" `echo "$v"`
a\
b
E
### here-document-without-end
sh -c 'cat <<E
text' 2>/dev/null; p $?
### positional-beyond-nine
set -- a b c d e f g h i j k; p $10 ${10} ${11} "$10"
### length
v=abcdef; set -- a b; p ${#v} ${#} $# ${#1} "${#v}" ${#@} ${##}
### prefix-and-suffix
v=/a/b/c.tar.gz; p "${v##*/}" "${v%/*}" "${v%%.*}" "${v#*.}" "${v#$v}" "${v%"$v"}" "${v#"/a/*"}"
### pattern-quoting-in-trim
v='a*b?c'; p "${v#a*}" "${v#a"*"}" "${v#a\*}" "${v%'?c'}" "${v%?c}" "${v%%*}"
### assign-default
unset a b; p ${a:=x y} "${b=}" "$a" "${b-unset}"; p "${a:+${b:-c}}"
### nested-braces
unset a b c; p ${a-${b-${c-deep}}} "${a-"${b-"${c-deep er}"}"}" ${a:-{x}}
### arithmetic-with-quotes
n=3; p $(("1" + "$n")) $(( ${n}${n} )) $(($(echo 4)*2)) "$((`echo 5`))"
### arithmetic-or-subshells
p "$( (echo sub) )" $((1)) $( (echo a); (echo b) )
### ifs-of-star
set -- a b c; IFS=-+; p "$*" $*; IFS=; p "$*" $*; unset IFS; p "$*" $*
