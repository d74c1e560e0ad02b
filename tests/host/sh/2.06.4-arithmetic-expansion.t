# Arithmetic expansion.

=== $(({0})) is {1} [2.6.4]
x=5 y=3 z= n=-4
echo "$(({0}))"
---
{1}
+++
0 => 0
42 => 42
010 => 8
0x1F => 31
0X1f => 31
0777 => 511
9223372036854775807 => 9223372036854775807
-9223372036854775807 => -9223372036854775807
2147483648 => 2147483648
+5 => 5
-5 => -5
- 5 => -5
-(-5) => 5
- -5 => 5
+-5 => -5
~0 => -1
~5 => -6
!0 => 1
!5 => 0
!!5 => 1
!x => 0
-x => -5
1+2 => 3
1 + 2 => 3
5-3 => 2
5-8 => -3
5 - -3 => 8
2*3 => 6
-2*3 => -6
7/2 => 3
-7/2 => -3
7/-2 => -3
7%3 => 1
-7%3 => -1
7%-3 => 1
1+2*3 => 7
(1+2)*3 => 9
2*3+1 => 7
10-3-2 => 5
100/10/5 => 2
100/(10/5) => 50
2*7%4 => 2
1<<4 => 16
256>>4 => 16
-8>>1 => -4
1<<2+1 => 8
1<<2<<1 => 8
1<2 => 1
2<1 => 0
1<1 => 0
1<=1 => 1
2<=1 => 0
2>1 => 1
1>2 => 0
1>=1 => 1
0>=1 => 0
1==1 => 1
1==2 => 0
1!=2 => 1
1!=1 => 0
1<2==1 => 1
3>2>1 => 0
5&3 => 1
5|3 => 7
5^3 => 6
1|2&3 => 3
1^1|1 => 1
5&1==1 => 1
6&3^1 => 3
1&&2 => 1
1&&0 => 0
0||0 => 0
0||2 => 1
1||0&&0 => 1
0&&0||1 => 1
1?2:3 => 2
0?2:3 => 3
0?1:0?2:3 => 3
1?0?1:2:3 => 2
1?2:0+5 => 2
1,2 => 2
1+1?4:5 => 4
x => 5
x+y => 8
x*y-1 => 14
$x+$y => 8
${x}0 => 50
x-y => 2
n => -4
-n => 4
x-n => 9
z => 0
z+1 => 1
unset_variable => 0
unset_variable+1 => 1
${unset_variable:-7} => 7
x=7 => 7
x+=2 => 7
x-=2 => 3
x*=2 => 10
x/=2 => 2
x%=3 => 2
x<<=1 => 10
x>>=1 => 2
x&=3 => 1
x|=2 => 7
x^=1 => 4
x=y=2 => 2
x=1+1 => 2
x==5 => 1
x=(y=4)+1 => 5
 ( ( 1 ) )  => 1
	1	+	1	 => 2
1+2 *3 => 7
$((1+1))*2 => 4
$(echo 3)*`echo 4` => 12
x > y ? x : y => 5
x<y?x:y => 3
(x>y)*10 => 10
x >= 5 && y <= 3 => 1
x == 5 || y / 0 => 1
x != 5 && y / 0 => 0
0 && (x = 9) => 0
1 || (x = 9) => 1
0x10+010+10 => 34
~x&0xff => 250
1 - 1 - 1 => -1
2 - 1 + 1 => 2
8 / 2 * 3 => 12
8 % 5 * 2 => 6
!0+1 => 2
!(0+1) => 0
~1+1 => -1
-1+2 => 1
-(1+2) => -3
1<2&&2<3 => 1
1|0&&0 => 0
1^0||0 => 1
4>>1<<1 => 4
1==1!=0 => 1
1<<62 => 4611686018427387904
0-9223372036854775807-1 => -9223372036854775808
9223372036854775807+1 => -9223372036854775808

=== {0} [2.6.4]
{1}
---
{2}
+++
an assignment in arithmetic sets the variable => : $((x = 3)); echo $x => 3
a compound assignment in arithmetic sets the variable => x=4; : $((x += 3)); echo $x => 7
an assignment to a variable that is unset works => unset x; : $((x += 1)); echo $x => 1
assignments are made from right to left => : $((x = y = 2)); echo $x $y => 2 2
the right of && is not evaluated after false => x=1; : $((0 && (x = 2))); echo $x => 1
the right of || is not evaluated after true => x=1; : $((1 || (x = 2))); echo $x => 1
the right of && is evaluated after true => x=1; : $((1 && (x = 2))); echo $x => 2
only one branch of ?: is evaluated => x=1 y=1; : $((1 ? (x = 2) : (y = 2))); echo $x $y => 2 1
only the other branch of ?: is evaluated => x=1 y=1; : $((0 ? (x = 2) : (y = 2))); echo $x $y => 1 2
an expansion with a side effect is seen => echo $((${x:=4} + x)) => 8
a variable whose value is octal is octal => x=010; echo $((x)) $(($x)) => 8 8
a variable whose value is hexadecimal is hexadecimal => x=0x10; echo $((x)) => 16
a variable whose value has a sign has it => x=-3 y=+3; echo $((x + y)) $((-x)) => 0 3
a variable whose value has blanks around it is a number => x=' 3 '; echo $((x + 1)) => 4
an expression in a variable with a dollar sign is substituted as text => x=1+1; echo $(($x * 2)) => 3
an empty expansion may be an operand's neighbour => x=; echo $(($x 1)) => 1
a newline in an expression is white space => echo $((1 +␤1)) => 2
an expression may be continued after a backslash and a newline => echo $((1\␤0)) => 10
an arithmetic expansion is split into fields => IFS=0; set -- $((10101)); echo $# => 3
an arithmetic expansion in double-quotes is not split => IFS=0; set -- "$((101))"; echo $# => 1
an arithmetic expansion in an assignment => x=$((1 + 1)); echo $x => 2
an arithmetic expansion in a here-document => cat <<E␤$((1 + 1))␤E => 2
an arithmetic expansion in a redirection's word => echo a >f$((1 + 1)); cat f2 => a
an arithmetic expansion in a case word and pattern => case $((2)) in $((1 + 1))) echo yes;; esac => yes
an arithmetic expansion beside text => echo a$((1))b => a1b
an arithmetic expansion within another => echo $((1 + $((2 * $((3)))))) => 7
parentheses may be nested deeply => echo $((((((((1)))))))) => 1
a positional parameter in arithmetic => set -- 4 5; echo $(($1 * $2)) => 20
$# in arithmetic => set -- a b; echo $(($# + 1)) => 3
${#x} in arithmetic => x=abc; echo $((${#x} + 1)) => 4
$? in arithmetic => false; echo $(($? + 1)) => 2
an arithmetic expansion assigns in the present shell, not in a subshell => f() { : $((x = 5)); }; f; echo $x => 5
a loop counts by arithmetic => i=0; while [ $((i += 1)) -lt 4 ]; do echo $i; done => 1␤2␤3
variables' names may have digits and underscores => a_1=3; echo $((a_1 * 2)) => 6
an assignment in arithmetic of an exported variable goes to commands => export x=1; : $((x = 2)); $SH -c 'echo $x' => 2
a case with a ) in arithmetic-like command substitution is none => echo $( (echo 1) ) => 1

=== the invalid expression $(({0})) is an error that ends the shell [2.6.4]
x=abc+
echo before
echo "$(({0}))"
echo after
--- >0 stderr
before
+++
1 +
1 1
(1
* 2
1 ? 2
5 = 6
1 / 0
1 % 0
08
0xg
1 +* 2
@
1a
1 &&
x / 0

=== an arithmetic error in a subshell ends only the subshell [2.6.4]
(echo $((1 / 0)); echo no) 2>/dev/null
test $? -gt 0 && echo after
---
after

=== an assignment in arithmetic to a read-only variable is an error [2.6.4]
readonly x=1
echo $((x = 2))
echo after
--- >0 stderr

=== with set -u an unset variable in arithmetic with a dollar sign is an error [2.6.4]
set -u
echo $(($x + 1))
echo after
--- >0 stderr
