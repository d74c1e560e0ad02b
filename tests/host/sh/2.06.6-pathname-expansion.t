# Pathname expansion, and quote removal.
args() { printf '%d' $#; [ $# -eq 0 ] || printf ' <%s>' "$@"; echo; }
: >a1; : >a2; : >b1; : >.hid; mkdir d d/e; : >d/x; : >d/.y; : >d/e/z; : >'[x]'; : >'s p'; : >A1

=== {0} [2.6.6]
args {1}
---
{2}
+++
an asterisk matches any string => a* => 2 <a1> <a2>
an asterisk matches the empty string => a1* => 1 <a1>
a question mark matches one character => ?1 => 3 <A1> <a1> <b1>
a bracket expression matches one of its characters => [ab]1 => 2 <a1> <b1>
a bracket expression with ! matches none of its characters => [!a]1 => 2 <A1> <b1>
a range matches => a[1-2] => 2 <a1> <a2>
a pattern that matches nothing is itself => n*n => 1 <n*n>
a pattern that matches nothing loses its quotes => n*'n'\* => 1 <n*n*>
the fields are sorted => b* a* => 3 <b1> <a1> <a2>
a period at the beginning is not matched by an asterisk => *hid => 1 <*hid>
a period at the beginning is not matched by a question mark => ?hid => 1 <?hid>
a period at the beginning is not matched by a bracket expression => [.]hid [!a]hid => 2 <[.]hid> <[!a]hid>
a period at the beginning is matched by a period => .h* => 1 <.hid>
a slash is not matched by an asterisk => d* => 1 <d>
a slash is not matched by a question mark => d?x => 1 <d?x>
a slash is not matched by a bracket expression => d[/]x => 1 <d[/]x>
a slash is matched by a slash => d/* => 2 <d/e> <d/x>
a period after a slash is not matched by an asterisk => d/*y => 1 <d/*y>
a period after a slash is matched by a period => d/.y* => 1 <d/.y>
a pattern may be in several parts => */*/z => 1 <d/e/z>
a pattern may be in the first part only => ?/x => 1 <d/x>
a pattern may be in the middle part only => d/?/z => 1 <d/e/z>
a pattern that ends in a slash matches directories => */ => 1 <d/>
several slashes stay => d//* => 2 <d//e> <d//x>
a pattern may begin with a period and a slash => ./a* => 2 <./a1> <./a2>
a quoted asterisk is itself => 'a*' "a*" a\* => 3 <a*> <a*> <a*>
a quoted question mark is itself => 'a?' => 1 <a?>
a quoted bracket is itself => \[x] '[x]' [x']' => 3 <[x]> <[x]> <[x]>
a quoted part and a pattern => 's '* => 1 <s p>
a quoted part with a pattern outside => "a"* => 2 <a1> <a2>
a file name with a blank stays one field => s* => 1 <s p>
a bracket that is not closed is itself => [ a[ => 2 <[> <a[>
a bracket expression with only a closing bracket after it is itself => [] => 1 <[]>
a closing bracket first in a bracket expression is one of its characters => *[]] => 1 <[x]>
an opening bracket in a bracket expression is one of its characters => [[]* => 1 <[x]>
a pattern that names a directory's part which is not there => no/* => 1 <no/*>
a pattern under what is no directory => a1/* => 1 <a1/*>
two asterisks are as one => a** => 2 <a1> <a2>
a character class matches => [[:upper:]]* => 1 <A1>
a character class and a range match => [[:lower:]][0-9] => 3 <a1> <a2> <b1>

=== {0} [2.6.6]
{1}
---
{2}
+++
a pattern from a variable is expanded => x='a*'; args $x => 2 <a1> <a2>
a pattern from a quoted variable is not => x='a*'; args "$x" => 1 <a*>
a pattern from a command substitution is expanded => args $(echo 'a*') => 2 <a1> <a2>
a pattern may be in part from a variable => x=a; args $x* => 2 <a1> <a2>
an asterisk from a quoted variable beside a pattern is itself => x='*'; args a"$x" => 1 <a*>
a pattern from a variable that matches nothing is itself => x='n*'; args $x => 1 <n*>
an assignment's value is not subject to it => x=a*; args "$x" => 1 <a*>
a case word is not subject to it => case a* in 'a*') echo yes;; esac => yes
a here-document is not subject to it => cat <<E␤a*␤E => a*
a for list is subject to it => for x in a*; do echo $x; done => a1␤a2
set -f turns it off => set -f; args a* => 1 <a*>
set +f turns it on again => set -f; set +f; args a* => 2 <a1> <a2>
set -o noglob turns it off => set -o noglob; args a* => 1 <a*>
it happens after field splitting => x='a* b*'; args $x => 3 <a1> <a2> <b1>
it happens with an IFS that is null => IFS=; args a* => 2 <a1> <a2>
its result is not split => IFS=' '; args s* => 1 <s p>
the command's name may be a pattern => printf 'echo prog $1\n' >prog; chmod +x prog; ./pro* a* => prog a1
a backslash in a variable's value escapes a pattern character, or the word is as it is => x='a\*'; args $x => 1 <a\*>
a file whose name is a pattern is found by it quoted => : >'*'; args \** => 1 <*>
a pattern with a directory in a variable => x=d; args $x/* => 2 <d/e> <d/x>
a broken symbolic link is found => ln -s nowhere link; args lin* => 1 <link>
a directory that may not be read has no matches => mkdir no; : >no/f; chmod 0 no; [ -r no ] && set -- 'no/*' || set -- no/*; args "$1"; chmod 700 no => 1 <no/*>
a literal part after a pattern needs to exist => args */nothing => 1 <*/nothing>
periods are matched by literal periods => cd d; args .[!.]* => 1 <.y>
names are sorted by their bytes in the C locale => : >Z; : >_; : >z; args [Z_z] => 3 <Z> <_> <z>
names that begin alike are sorted by their bytes => : >abcdefghi; : >abcdefghZ; : >abcdefgh; : >abcdefg.h; : >abcdefg; : >abcdefgé; : >abzdefgA; args ab* => 7 <abcdefg> <abcdefg.h> <abcdefgh> <abcdefghZ> <abcdefghi> <abcdefgé> <abzdefgA>

=== {0} [2.6.7]
args {1}
---
{2}
+++
quotes are removed => 'a' "b" \c $'d' => 4 <a> <b> <c> <d>
quotes within words are removed => a'b'c d"e"f => 2 <abc> <def>
quotes that come of an expansion stay => $(printf %s "'a'") => 1 <'a'>
a quoted quote stays => "'" '"' \' \" => 4 <'> <"> <'> <">
quotes in the result of pathname expansion stay => $(: >"q'q"; echo q*) => 1 <q'q>
