# test and [.
: >empty; echo a >full; mkdir dir; ln -s full link; ln -s nowhere broken; mkfifo fifo; chmod 700 full

=== test {0} is {1} [test]
test {0}; echo $?
[ {0} ]; echo $?
---
{1}
{1}
+++
 => 1
a => 0
'' => 1
-n => 0
-z => 0
! => 0
-f => 0
= => 0
'(' => 0
-a => 0
-o => 0
-n a => 0
-n '' => 1
-z a => 1
-z '' => 0
! a => 1
! '' => 0
! ! => 1
! -n => 1
a = a => 0
a = b => 1
a != b => 0
a != a => 1
'' = '' => 0
a = '' => 1
= = = => 0
! = ! => 0
-n = -n => 0
-f = -f => 0
'(' = '(' => 0
-a = -a => 0
a '<' b => 0
b '<' a => 1
b '>' a => 0
a '>' b => 1
1 -eq 1 => 0
1 -eq 2 => 1
1 -ne 2 => 0
1 -ne 1 => 1
1 -lt 2 => 0
2 -lt 1 => 1
1 -lt 1 => 1
1 -le 1 => 0
2 -le 1 => 1
2 -gt 1 => 0
1 -gt 1 => 1
1 -ge 1 => 0
0 -ge 1 => 1
-1 -lt 0 => 0
+1 -eq 1 => 0
010 -eq 10 => 0
007 -eq 7 => 0
' 1 ' -eq 1 => 0
10 -gt 9 => 0
9223372036854775807 -gt 9223372036854775806 => 0
-9223372036854775808 -lt 0 => 0
! a = b => 0
! a = a => 1
! -z a => 0
! -n a => 1
! '' = a => 0
! 1 -eq 1 => 1
'(' a ')' => 0
'(' '' ')' => 1
'(' -n a ')' => 0
! '(' a ')' => 1
'(' ! a ')' => 1
! ! a => 0
-e full => 0
-e nothing => 1
-e dir => 0
-e broken => 1
-f full => 0
-f dir => 1
-f link => 0
-f fifo => 1
-f nothing => 1
-d dir => 0
-d full => 1
-d nothing => 1
-h link => 0
-h full => 1
-h broken => 0
-L link => 0
-L broken => 0
-L full => 1
-p fifo => 0
-p full => 1
-s full => 0
-s empty => 1
-s nothing => 1
-r full => 0
-w full => 0
-x full => 0
-x dir => 0
-x empty => 1
-r nothing => 1
-w nothing => 1
-c /dev/null => 0
-c full => 1
-b /dev/null => 1
-b full => 1
-S full => 1
-u full => 1
-g full => 1
-t 0 => 1
-t 9 => 1
full -ef full => 0
full -ef link => 0
full -ef empty => 1
full -ef nothing => 1
full -nt nothing => 0
nothing -nt full => 1
nothing -ot full => 0
full -ot nothing => 1
full -nt full => 1
full -ot full => 1
a -a b => 0
a -a '' => 1
'' -o a => 0
'' -o '' => 1
a = a -a b = b => 0
a = a -a b = c => 1
a = b -o b = b => 0
a -a b -o '' => 0
-z '' -a -n a => 0
'(' a = b -o c = c ')' -a d = d => 0

=== {0} [test]
{1}
---
{2}
+++
test with a number that is none has a status of 2 or more => test a -eq 1 2>/dev/null; [ $? -ge 2 ] && echo yes => yes
test with an empty number has a status of 2 or more => test '' -eq 1 2>/dev/null; [ $? -ge 2 ] && echo yes => yes
test with an unknown operator has a status of 2 or more => test a -foo b 2>/dev/null; [ $? -ge 2 ] && echo yes => yes
[ without ] has a status of 2 or more => [ a 2>/dev/null; [ $? -ge 2 ] && echo yes => yes
[ alone with ] is false => [ ]; echo $? => 1
test with too many arguments has a status of 2 or more => test a b c d e 2>/dev/null; [ $? -ge 2 ] && echo yes => yes
test of a variable with an operator's name => x='!'; test "$x" = '!' && test -n "$x"; echo $? => 0
test -u and -g see the set-ID bits => : >f; chmod u+s,g+s f; test -u f && test -g f; echo $? => 0
test -nt compares times => touch -t 200001010000 old; test full -nt old && ! test old -nt full; echo $? => 0
test -ot compares times => touch -t 200001010000 old; test old -ot full && ! test full -ot old; echo $? => 0
test -x of a directory needs permission to search => test -x /; echo $? => 0
test -e of an empty name is false => test -e ''; echo $? => 1
test -d of a link to a directory is true => ln -s dir ld; test -d ld; echo $? => 0
test -S of no socket is false => test -S fifo; echo $? => 1
test < needs quotes, and the strings are compared by bytes in C => test B '<' a; echo $? => 0
