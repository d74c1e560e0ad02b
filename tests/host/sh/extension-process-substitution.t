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
