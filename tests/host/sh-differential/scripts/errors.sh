### readonly-assignment-ends
(readonly r=1; r=2; echo on) 2>/dev/null || echo ended
### special-builtin-redirection-ends
(: </nonexistent; echo on) 2>/dev/null || echo ended
### command-takes-that-away
(command : </nonexistent; echo on) 2>/dev/null || echo ended
### utility-redirection-goes-on
(true </nonexistent; echo on $?) 2>/dev/null | grep -c on
### not-found
nosuchcommand 2>/dev/null; p $?; (exec nosuchcommand) 2>/dev/null; p $?
### not-executable
>file; ./file 2>/dev/null; p $?; /dev/null 2>/dev/null; p $?; mkdir d; ./d 2>/dev/null; p $?
### script-without-interpreter
echo 'echo "$0" "$#" "$@"' >file; chmod +x file; ./file a 'b c'
### killed
sh -c 'kill -9 $$'; p $?; (sh -c 'kill -TERM $$'); p $?
### errexit-in-conditions
set -e; false || p or; ! true; if false; then :; fi; while false; do :; done; p still; false && p no; p end
### errexit-in-functions
f() { false; p reached; }; set -e; f || p no; if f; then p yes; fi; f; p not
### errexit-of-subshell
(set -e; (false); p not); p $?; (set -e; { false; p not; }); p $?
### errexit-and-pipelines
set -e; false | true; p first; true | false; p not
### errexit-and-assignments
set -e; x=$(false) || p or; p "$(false)"; x=$(echo a; false; echo b); p not
### errexit-in-substitution
set -e; p "$(false; echo on)"; x=$(set +e; false; echo on); p "$x"
### nounset
(set -u; p "${u-}" "$@" $#; : "$u"; p on) 2>/dev/null || p ended
### syntax-error-in-eval
(eval 'if'; p on) 2>/dev/null || p ended; (command eval 'if'; p on) 2>/dev/null
### exit-in-substitution
x=$(exit 3); p $?; p "$(exit 4)" $?; : $(exit 5); p $?; $(exit 6); p $?
### exit-status-of-empty
false; x=; p $?; false; x=$(:); p $?; false; >f; p $?; (exit 3); $(:); p $?
### status-in-substitution
(exit 3); p $(echo $?) "$(exit 4; echo $?)"; (exit 7); p "$?" "$(echo "$?")"
### return-statuses
f() { return; }; (exit 5); f; p $?; g() { (exit 6); return $?; }; g; p $?; h() { return 300; }; :; p $?
### break-too-far
for i in 1 2; do for j in a b; do p $i$j; break 5; done; done; p $?
### trap-exit-status
(trap 'p in $?' EXIT; exit 3); p $?; (trap 'exit 7' EXIT; exit 3); p $?; (trap 'false' EXIT; true); p $?
### trap-exit-once
(trap 'p out; exit 2' EXIT; (exit 1); exit); p $?
### trap-in-subshell-is-reset
trap 'p outer' EXIT; (p in); x=$(p in); p "$x"
### trap-after-exec
trap 'p no' EXIT; exec sh -c 'echo replaced'
### trap-with-signal-status
trap 'p usr $?' USR1; (exit 4); kill -s USR1 $$; p $?
### trap-between-and-or
trap 'p usr $?' USR1; kill -s USR1 $$ && (exit 3) || p or
### unset-function-and-variable
f() { p f; }; f=1; unset f; f; unset -f f; f 2>/dev/null; p $?
### redirections-in-order
rm -f c; >c cat <&7 2>/dev/null; ls c
### redirect-function
f() { p out; p err >&2; } 2>file; f; p "$(cat file)"
### cd-to-nothing
cd '' 2>/dev/null; p $?
### cd-two-slashes
cd //; p "$PWD" "$(pwd)"; cd ///; p "$PWD"; cd /; p "$PWD"
### glob-in-redirection
>one; x='o*'; echo a >$x; ls
### pipeline-status
true | false; p $?; ! true | false; p $?; false | true; p $?
### last-command-of-loop
while false; do :; done; p $?; (exit 3); for i in; do :; done; p $?; (exit 3); case a in b) ;; esac; p $?; (exit 3); if false; then :; fi; p $?
### background-status
(exit 3) & wait $!; p $?; wait; p $?; wait 99999; p $?
### async-input
cat & wait; echo x | { cat & wait; }
