# Where reserved words are recognized, and where they are not.

=== the reserved word {0} is an ordinary word as an argument [2.4]
echo {0}
x={0}; echo $x
---
{0}
{0}
+++
!
{
}
case
do
done
elif
else
esac
fi
for
if
in
then
until
while

=== {0} is a syntax error where a command has to begin [2.4]
echo before
eval '{0}' 2>/dev/null
echo after
--- >0
before
+++
}
do
done
elif
else
esac
fi
then
)
;;
;
&
|
&&
||

=== the reserved word {0} may be a word in the list of a for loop [2.4]
for x in {0}; do echo $x; done
---
{0}
+++
do
done
in
if
{
}

=== {0} [2.4]
{1}
---
{2}
+++
the third word of a for command is the reserved word in => for in in in; do echo $in; done => in
do is recognized as the third word of a for command => set a b; for x do echo $x; done => a␤b
the third word of a case command is the reserved word in => case in in in) echo in;; esac => in
esac is recognized right after in => case a in esac; echo b => b
esac after a parenthesis is a pattern => case esac in (esac) echo a;; esac => a
a reserved word is recognized after a newline => if true␤then echo a␤else echo b␤fi => a
a reserved word is recognized after another one => if if true; then true; fi then echo a; fi => a
a reserved word is recognized after ! => ! if true; then false; fi; echo $? => 0
a reserved word is recognized after | => echo a | while read x; do echo $x; done => a
a reserved word is recognized after && => true && if true; then echo a; fi => a
a reserved word is recognized after ( without a blank => (if true; then echo a; fi) => a
a reserved word is not recognized after an assignment => x=1 if 2>/dev/null || echo $? => 127
a reserved word is not recognized after a redirection => </dev/null if 2>/dev/null || echo $? => 127
a reserved word is not recognized if it comes of an expansion => x=if; $x 2>/dev/null || echo $? => 127
a reserved word is not recognized with a quoted character => \{ 2>/dev/null || echo $? => 127
{ needs a blank after it => {echo 2>/dev/null || echo $? => 127
} is recognized only where a command may begin => { echo }; } => }
! needs a blank after it => !true 2>/dev/null || echo $? => 127
two reserved words need a blank between them => { ifx() { echo a; }; ifx; } => a
a word that begins with a reserved word is none => iff() { echo a; }; iff => a
done may be followed by a redirection without a blank => for x in a; do echo $x; done>f; cat f => a
fi may be followed by a parenthesis => (if true; then echo a; fi) => a
} may follow } => { { echo a; } } => a
a reserved word may follow ) => if (true) then echo a; fi => a
done may follow fi with a blank => for x in a; do if true; then echo $x; fi done => a
