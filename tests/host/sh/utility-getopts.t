# getopts.
show() { while getopts "$optstring" o "$@" 2>/dev/null; do printf '%s' "$o"; [ "${OPTARG+set}" ] && printf '=%s' "$OPTARG"; printf ' '; done; echo $OPTIND; }

=== getopts {0} of the arguments {1} gives: {2} [getopts]
optstring={0}
show {1}
---
{2}
+++
a => -a => a 2
a => -a x => a 2
ab => -a -b => a b 3
ab => -ab => a b 2
ab => -ba x => b a 2
a: => -a x => a=x 3
a: => -ax => a=x 2
a: => -a '' => a= 3
a: => -a -b => a=-b 3
a: => -a -- => a=-- 3
a:b => -a x -b y => a=x b 4
a:b => -ba x => b a=x 3
a:b => -bax y => b a=x 2
a => x -a => 1
a => -a -- -a => a 3
a => -- -a => 2
a => - -a => 1
a => -a - => a 2
a => '' => 1
a => -x => ? 2
ab => -axb => a ? b 2
a: => -a => ? 2
:a => -x => ?=x 2
:a: => -a => :=a 2
:a:b => -b -a => b :=a 3
:ab => -axb => a ?=x b 2
1 => -1 => 1 2

=== {0} [getopts]
{1}
---
{2}
+++
getopts uses the positional parameters without arguments => set -- -a x; getopts a o; echo $o $OPTIND => a 2
getopts with an argument sets OPTARG => set -- -a x; getopts a: o; echo $o $OPTARG $OPTIND => a x 3
getopts at the end sets the name to ? => set -- x; o=; getopts a o; echo $? "$o" => 1 ?
getopts of an unknown option writes a message => { getopts a o -x; } 2>&1 | grep -c x => 1
getopts of a missing argument writes a message => { getopts a: o -a; } 2>&1 | grep -c a => 1
getopts with a colon first writes no message => getopts :a o -x 2>&1; echo "$o $OPTARG" => ? x
getopts has the status 0 for an unknown option => getopts a o -x 2>/dev/null; echo $? $o => 0 ?
getopts unsets OPTARG for an unknown option without a colon first => OPTARG=x; getopts a o -x 2>/dev/null; echo ${OPTARG-unset} => unset
getopts starts again if OPTIND is set to 1 => set -- -a; getopts a o; OPTIND=1; getopts a o; echo $? $o => 0 a
getopts starts again with other arguments after OPTIND=1 => getopts ab o -a; OPTIND=1; getopts ab o -b; echo $o => b
getopts in the middle of an argument starts again after OPTIND=1 => getopts ab o -ab; OPTIND=1; getopts ab o -ab; echo $o => a
getopts and shift leave the operands => set -- -a -b x y; while getopts ab o; do :; done; shift $((OPTIND - 1)); echo "$@" => x y
getopts with a case of all branches => f() { OPTIND=1; while getopts :a:b o "$@"; do case $o in a) echo a $OPTARG;; b) echo b;; :) echo missing $OPTARG;; \?) echo unknown $OPTARG;; esac; done; }; f -a 1 -b -c -a => a 1␤b␤unknown c␤missing a
getopts in a function uses the function's parameters => f() { OPTIND=1; getopts a o; echo $? $o; }; set x; f -a => 0 a
getopts to a read-only variable has a status greater than 0 => readonly o; (getopts a o -a) 2>/dev/null || echo fails => fails
OPTIND is 1 in a new shell whatever the environment has => OPTIND=5 $SH -c 'echo $OPTIND' => 1
OPTIND is not exported => getopts a o -a; $SH -c 'getopts a o -a; echo $o' => a
