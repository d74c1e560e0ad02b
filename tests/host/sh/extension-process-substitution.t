# Process substitution.

=== <(…) is a file with the output of the commands [process substitution]
cat <(echo a)
---
a

=== several <(…) may be in one command [process substitution]
cat <(echo a) <(echo b)
---
a
b

=== <(…) may be redirected to [process substitution]
while read x; do echo "<$x>"; done < <(echo a; echo b)
---
<a>
<b>

=== the process of <(…) is $!, and wait knows its exit status [process substitution]
cat <(exit 3); wait $!; echo $?; wait $!; echo $?
---
3
127

=== the process of <(…) is reaped when it has ended [process substitution]
cat <(:); while kill -0 $! 2>/dev/null; do :; done; wait $!; echo $?
---
0

=== the descriptor of <(…) is closed when the command ends [process substitution]
ulimit -n 100
i=0; while [ $i -lt 100 ]; do read x < <(echo a) || break; : <(:); i=$((i+1)); done; echo $i
---
100

=== the descriptor of <(…) in a function's argument is open while the function runs [process substitution]
f() { :; cat "$1"; }; f <(echo a)
---
a

