# alias, unalias, command, type, hash, jobs, kill, wait, ulimit.

=== {0} [{3}]
{1}
---
{2}
+++
alias writes a definition that can be read again => alias aa='b  c'; x=$(alias aa); unalias aa; eval "alias $x"; alias aa => aa='b  c' => alias
alias writes a value with a single-quote so that it can be read again => alias aa="it's"; x=$(alias aa); unalias aa; eval "alias $x"; alias bb="echo it\\'s"; eval "$(alias bb | sed 's/^/alias /')"; alias aa >f; . /dev/null; test -s f; echo $? => 0 => alias
alias without operands lists all => alias aa=b; alias | sed 's/^alias //' | grep '^aa=' | tr -d \' => aa=b => alias
alias of a name that is none has a status greater than 0 => alias no_such 2>/dev/null || echo fails => fails => alias
alias defines several => alias aa=b cc=d; alias cc | tr -d \' => cc=d => alias
alias replaces a definition => alias aa=b; alias aa=c; alias aa | tr -d \' => aa=c => alias
alias has the status 0 => alias aa=b; echo $? => 0 => alias
unalias removes => alias aa=b; unalias aa; alias aa 2>/dev/null || echo none => none => unalias
unalias -a removes all => alias aa=b cc=d; unalias -a; alias aa 2>/dev/null || alias cc 2>/dev/null || echo none => none => unalias
unalias of an unknown alias has a status greater than 0 => unalias no_such 2>/dev/null || echo fails => fails => unalias
command executes a utility => command echo a => a => command
command executes no function => echo() { :; }; command echo a => a => command
command with an assignment => x=1 command $SH -c 'echo $x' => 1 => command
command without operands has the status 0 => command; echo $? => 0 => command
command takes -- => command -- echo a => a => command
command of a name that is not found has the status 127 => command no_such 2>/dev/null; echo $? => 127 => command
command of a file that is not executable has the status 126 => : >f; command ./f 2>/dev/null; echo $? => 126 => command
command -p finds standard utilities without PATH => PATH=/nonexistent; command -p ls / >/dev/null; echo $? => 0 => command
command of a special built-in loses its errors' consequences => command set -_ 2>/dev/null; echo after => after => command
command exec keeps redirections => command exec 3>f; echo a >&3; cat f => a => command
command eval executes => command eval 'x=1; echo $x' => 1 => command
command . executes => echo 'echo a' >f; command . ./f => a => command
command export exports => command export x=1; $SH -c 'echo $x' => 1 => command
command -v writes a utility's path => command -v ls | grep -c '^/.*/ls$' => 1 => command
command -v writes a path with a slash absolutely => echo 'echo a' >f; chmod +x f; x=$(command -v ./f); $x => a => command
command -v writes a built-in's name => command -v cd => cd => command
command -v writes a special built-in's name => command -v export => export => command
command -v writes a function's name => ff() { :; }; command -v ff => ff => command
command -v writes a reserved word => command -v if => if => command
command -v writes an alias's definition => alias aa=b; command -v aa | tr -d \' => alias aa=b => command
command -v of a name that is not found writes nothing, with a status greater than 0 => command -v no_such || echo none => none => command
command -v of a file that is not executable has a status greater than 0 => : >f; command -v ./f || echo none => none => command
command -V names what it is => command -V ls | grep -c ls => 1 => command
command -V of what is not found has a status greater than 0 => command -V no_such >/dev/null 2>&1 || echo none => none => command
command -pv writes a path => command -pv ls | grep -c '/ls$' => 1 => command
command of a command in a variable => x='command echo'; $x a => a => command
type of a utility names its path => type ls | grep -c /ls => 1 => type
type of a built-in has the status 0 => type cd >/dev/null; echo $? => 0 => type
type of a function says so => ff() { :; }; type ff | grep -c function => 1 => type
type of an alias shows its value => alias aa=bcd; type aa | grep -c bcd => 1 => type
type of a reserved word says so => type if | grep -c if => 1 => type
type of several => type cd ls | wc -l | tr -d ' ' => 2 => type
type of a name that is not found has a status greater than 0 => type no_such >/dev/null 2>&1 || echo none => none => type
hash of a utility has the status 0 => hash ls; echo $? => 0 => hash
hash of a name that is not found has a status greater than 0 => hash no_such 2>/dev/null || echo none => none => hash
hash -r forgets => hash ls; hash -r; echo $? => 0 => hash
hash lists the remembered locations => hash -r; ls >/dev/null; hash | grep -c ls => 1 => hash
hash of a command that has moved is found anew after hash -r => mkdir a b; echo 'echo 1' >a/p; chmod +x a/p; PATH=$PWD/b:$PWD/a:$PATH; p; mv a/p b/p; hash -r; p => 1␤1 => hash
a command that has moved is found anew => mkdir a b; echo 'echo 1' >a/p; chmod +x a/p; PATH=$PWD/b:$PWD/a:$PATH; p; mv a/p b/p; p 2>/dev/null || echo 1 => 1␤1 => hash
wait has the status of the process => (exit 3) & wait $!; echo $? => 3 => wait
wait without operands has the status 0 => (exit 3) & wait; echo $? => 0 => wait
wait without children has the status 0 => wait; echo $? => 0 => wait
wait of a process that is no child has the status 127 => wait 1 2>/dev/null; echo $? => 127 => wait
wait of several has the status of the last => (exit 3) & x=$!; (exit 4) & wait $! $x; echo $? => 3 => wait
wait of a process that has ended before => (exit 3) & x=$!; : | :; /bin/true; wait $x; echo $? => 3 => wait
wait of processes in another order => (exit 3) & x=$!; (exit 4) & y=$!; wait $y; echo $?; wait $x; echo $? => 4␤3 => wait
wait waits => mkfifo p; { read x <p; echo $x >f; } & echo a >p; wait; cat f => a => wait
wait %1 waits for the first job => (exit 3) & wait %1; echo $? => 3 => wait
wait of a process that a signal has ended has a status over 128 => $SH -c 'kill -s TERM $$' & wait $! 2>/dev/null; kill -l $? => TERM => wait
wait is ended by a trapped signal => trap 'x=1' USR1; mkfifo p; read y <p & y=$!; while [ ! -e f ]; do kill -s USR1 $$; done & wait $y; [ $? -gt 128 ] && echo yes; : >f; echo >p; wait; true => yes => wait
jobs lists a job => mkfifo p; read x <p & jobs | grep -c Running; echo >p; wait => 1 => jobs
jobs -p writes process ids => mkfifo p; read x <p & [ "$(jobs -p)" = $! ] && echo yes; echo >p; wait => yes => jobs
jobs -l writes process ids too => mkfifo p; read x <p & jobs -l >f; grep -c $! f; echo >p; wait => 1 => jobs
jobs without jobs writes nothing => jobs =>  => jobs
jobs of a job that is not there has a status greater than 0 => jobs %9 2>/dev/null || echo none => none => jobs
jobs writes the job's number and that it is the current one => mkfifo p; read x <p & jobs | cut -c1-5; echo >p; wait => [1] + => jobs
kill sends SIGTERM => $SH -c 'kill $$; echo no' 2>/dev/null; kill -l $? => TERM => kill
kill -s names a signal => $SH -c 'kill -s INT $$; echo no' 2>/dev/null; kill -l $? => INT => kill
kill -NAME names a signal => $SH -c 'kill -HUP $$; echo no' 2>/dev/null; kill -l $? => HUP => kill
kill -number names a signal => $SH -c 'kill -9 $$; echo no' 2>/dev/null; kill -l $? => KILL => kill
kill -0 sends nothing => kill -0 $$; echo $? => 0 => kill
kill -s 0 sends nothing => kill -s 0 $$; echo $? => 0 => kill
kill of a process that is not there has a status greater than 0 => : & wait; kill -0 $! 2>/dev/null || echo fails => fails => kill
kill of several => trap 'echo trap' USR1; kill -s USR1 $$ $$ => trap => kill
kill -- takes operands => kill -0 -- $$; echo $? => 0 => kill
kill without operands has a status greater than 0 => kill 2>/dev/null || echo fails => fails => kill
kill of no number has a status greater than 0 => kill abc 2>/dev/null || echo fails => fails => kill
kill -l 9 writes the name => kill -l 9 => KILL => kill
kill -l of an exit status writes the name => kill -l 137 => KILL => kill
kill -l 15 writes the name => kill -l 15 => TERM => kill
kill -l lists names => kill -l | tr -s ' \t)' '\n\n\n' | sed s/^SIG// | grep -cx 'HUP\|KILL\|TERM\|USR1' => 4 => kill
kill of a background process by $! => $SH -c 'while :; do :; done' & kill $!; wait $! 2>/dev/null; kill -l $? => TERM => kill
ulimit -n writes a number => ulimit -n 64; ulimit -n => 64 => ulimit
ulimit -S and -H => ulimit -S -n 64; ulimit -H -n 100; ulimit -H -n; ulimit -S -n => 100␤64 => ulimit
ulimit -c 0 => ulimit -c 0; ulimit -c => 0 => ulimit
ulimit -f in units of 512 bytes keeps a file from growing => trap '' XFSZ; ulimit -f 1; { printf '%01000d' 0 >f; } 2>/dev/null; wc -c <f | tr -d ' ' => 512 => ulimit
ulimit is -f without an option => ulimit -f 1000; ulimit => 1000 => ulimit
ulimit of unlimited => ulimit -S -c 0; ulimit -S -c "$(ulimit -H -c)"; [ "$(ulimit -S -c)" = "$(ulimit -H -c)" ] && echo yes => yes => ulimit
ulimit -a lists => [ $(ulimit -a | wc -l) -gt 5 ] && echo yes => yes => ulimit
ulimit of an invalid limit has a status greater than 0 => ulimit -n abc 2>/dev/null || echo fails => fails => ulimit
ulimit sets limits of commands => ulimit -n 64; $SH -c 'ulimit -n' => 64 => ulimit
ulimit -t, -d, -s and -v are known => for o in t d s v; do ulimit -$o >/dev/null || echo $o; done =>  => ulimit

=== the status of a write error is that of the utility that command executes [command]
command times >/dev/full
echo $?
--- 0 stderr
1

=== a write error names the utility that command executes [command]
{ command times >/dev/full; } 2>&1 | sed 's/.*line 1: //'
---
times: write error: no space left

=== a redirection beyond a small limit on descriptors fails with too many open files [2.7]
$SH -c 'ulimit -n 10; exec 3</dev/null 4<&3 5<&3 6<&3 7<&3 8<&3 9<&3; { echo x; } >/dev/null' 2>&1 | sed 's/.*: //'
---
too many open files

