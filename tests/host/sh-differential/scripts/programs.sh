### factorial
fact() { if [ "$1" -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 10
### fibonacci
a=0 b=1 i=0; while [ $i -lt 30 ]; do printf '%s ' $a; t=$((a+b)) a=$b b=$t i=$((i+1)); done; echo
### sieve
i=2; while [ $i -lt 60 ]; do eval "c=\${n$i-}"; case $c in '') printf '%s ' $i; j=$((i*i)); while [ $j -lt 60 ]; do eval n$j=x; j=$((j+i)); done; esac; i=$((i+1)); done; echo
### hanoi
hanoi() { [ $1 -gt 0 ] || return 0; hanoi $(($1-1)) $2 $4 $3; n=$((n+1)); hanoi $(($1-1)) $4 $3 $2; }
n=0; hanoi 6 a b c; p $n
### reverse-words
rev() { r=; for w; do r="$w${r:+ $r}"; done; echo "$r"; }; rev one two three 'four five'
### split-path
split() { IFS=:; set -f; set -- $1; for d; do p "$d"; done; }; (split /bin:/usr/bin::/x*); p /*bin
### read-fields
while IFS=: read -r user pass uid rest; do p "$user" "$uid" "$rest"; done <<'E'
root:x:0:0:root:/root:/bin/sh
nobody:*:65534
:::
E
### stack
push() { stack="$1${stack:+ $stack}"; }; pop() { set -- $stack; top=$1; shift; stack=$*; }; stack=
push a; push b; push c; pop; p $top "$stack"; pop; p $top "$stack"
### options
main() { v=0 out=; while getopts vo: o; do case $o in v) v=$((v+1));; o) out=$OPTARG;; *) return 2;; esac; done; shift $((OPTIND-1)); p $v "$out" "$@"; }
main -vv -ofile -v a -v
### basename-and-dirname
for f in /a/b/c c /c a/ /; do b=${f%/}; b=${b##*/}; d=${f%"$b"*}; p "$b" "$d"; done
### quote-for-eval
quote() { s=$1 q=; while :; do case $s in *"'"*) q=$q${s%%"'"*}"'\\''"; s=${s#*"'"};; *) break;; esac; done; printf "'%s'" "$q$s"; }
v=$(quote "it's 'q' \$x"); eval "w=$v"; p "$w"
### local-by-subshell
f() ( x=1; y=$1; p $x $y ); x=0; f 2; p $x "${y-unset}"
### here-document-in-function
usage() { cat <<-E
	usage: $0 [options]
		$1
	E
}
usage arg | sed 's/usage: .* \[/usage: [/'
### loop-in-pipeline
n=0; printf 'a\nb\nc\n' | while read -r l; do n=$((n+1)); echo $n$l; done; 
### nested-loops-and-jumps
for i in 1 2 3; do for j in 1 2 3; do [ $j = 2 ] && continue; [ $i = 2 ] && continue 2; [ $i$j = 33 ] && break 2; p $i $j; done; done; p $i $j
### command-in-variable
c='p a "b'; $c; set -- p 'x y' z; "$@"; $1 $2
### recursion-with-positional
f() { p $# "$1"; [ $# -gt 1 ] && { shift; f "$@"; p back $#; }; }; f a b c
### side-effects-of-substitution
v=1; x=$(v=2; cd /; set -- a; f() { :; }; trap 'echo t' EXIT; umask 0; exec 2>&1; echo $v); p "$x" $v $# "$(command -v f)" "$([ "$PWD" = / ] && echo moved)"
### arithmetic-assignments
p $((a=5)) $((a+=3)) $((a<<=2)) $((a%=7)) $((b=a?a:9)) "$a" "$b"
### alternatives-of-case
for w in abort yes Y no '' 'a b' '*'; do case $w in [yY]|[yY]es) p yes;; no) p no;; '') p empty;; *\ *) p space;; '*') p star;; *) p other; esac; done
### group-and-redirect
{ echo a; { echo b; echo c >&2; } 2>&1 | sed s/^/-/; } >f; cat f
### descriptors
exec 3>one 4>two; echo 3 >&3; echo 4 >&4; exec 3>&4; echo more >&3; exec 3>&- 4>&-; cat one two
### read-two-files
printf '1\n2\n' >a; printf 'x\ny\n' >b; while read -r l <&3 && read -r m <&4; do p $l $m; done 3<a 4<b
### temporary-environment
v=1; f() { p "${v-}"; sh -c 'echo "${v-}"'; }; v=2 f; p $v; v=3 sh -c 'echo $v'; v=4 :; 
### exported
a=1; export a; b=2; sh -c 'echo "${a-} ${b-}"'; unset a; sh -c 'echo "${a-}"'
### eval-builds-names
for i in 1 2 3; do eval "v$i=\$((i*i))"; done; p $v1 $v2 $v3; eval p '$'v2
### dot-with-return
echo 'p "$@"; return 3; p no' >lib; . ./lib; p $?; f() { . ./lib; p after $?; return 4; }; f x; p $?
### shift-through
set -- a b c d; while [ $# -gt 0 ]; do p "$1"; shift; done; p $#
### set-splits
v='a b  c'; set -- $v; p $#; set -- "$v"; p $#; set -- ; p $#
### printf-formats
printf '%s-%d-%x-%o-%c|%5s|%-5s|%05d\n' abc 42 255 8 xyz ab cd 7
### printf-reuse
printf '%s %s\n' a b c; printf '%d\n'; printf 'x\n' a b
### test-combinations
[ a = a ] && [ ! a = b ] && [ -n x ] && [ -z '' ] && test 3 -gt 2 && [ ! -e none ] && p all
### aliases-in-functions
alias e='echo aliased'
f() { e x; }
unalias e
f 2>/dev/null || p none
