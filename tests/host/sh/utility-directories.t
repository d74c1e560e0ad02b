# cd, pwd and umask.
base=$PWD; mkdir -p d/e; ln -s d/e l

=== {0} [{3}]
{1}
---
{2}
+++
cd changes the working directory => cd d; echo "${PWD#$base}" => /d => cd
cd sets OLDPWD => cd d; [ "$OLDPWD" = "$base" ] && echo yes => yes => cd
cd without an operand goes to HOME => cd d; HOME=$base; cd; [ "$PWD" = "$base" ] && echo yes => yes => cd
cd - goes back and writes the directory => cd d; cd - >f; [ "$(cat d/f)" = "$base" ] && [ "$PWD" = "$base" ] && echo yes => yes => cd
cd - twice is where it was => cd d; cd - >/dev/null; cd - >/dev/null; echo "${PWD#$base}" => /d => cd
cd with .. goes to the parent => cd d/e; cd ..; echo "${PWD#$base}" => /d => cd
cd with ../.. goes two up => cd d/e; cd ../..; echo "${PWD#$base}." => . => cd
cd with . stays => cd d; cd .; echo "${PWD#$base}" => /d => cd
cd with an absolute path => cd "$base/d"; echo "${PWD#$base}" => /d => cd
cd to / => cd /; pwd => / => cd
cd removes . and several slashes => cd ./d//./e/; echo "${PWD#$base}" => /d/e => cd
cd through a link keeps its name => cd l; echo "${PWD#$base}" => /l => cd
cd .. out of a link goes to the link's parent => cd l; cd ..; echo "${PWD#$base}." => . => cd
cd -L is as cd => cd -L l; echo "${PWD#$base}" => /l => cd
cd -P resolves links => base=$(pwd -P); cd -P l; echo "${PWD#$base}" => /d/e => cd
cd -P .. out of a link goes to the directory's parent => base=$(pwd -P); cd l; cd -P ..; echo "${PWD#$base}" => /d => cd
cd of the last of -L and -P counts => base=$(pwd -P); cd -LP l; echo "${PWD#$base}" => /d/e => cd
cd of a directory that is not there has a status greater than 0 => cd nothing 2>/dev/null || echo fails => fails => cd
cd that fails leaves PWD => cd nothing 2>/dev/null; [ "$PWD" = "$base" ] && echo yes => yes => cd
cd to a file has a status greater than 0 => : >f; cd f 2>/dev/null || echo fails => fails => cd
cd to nothing/.. has a status greater than 0 => cd nothing/.. 2>/dev/null || echo fails => fails => cd
cd with CDPATH looks there and writes the directory => CDPATH=$base/d; cd e >f; [ "$(cat "$base/d/../f")" = "$base/d/e" ] && echo "${PWD#$base}" => /d/e => cd
cd with CDPATH and no match there looks in the working directory => CDPATH=/nonexistent; cd d; echo "${PWD#$base}" => /d => cd
cd with an empty part of CDPATH looks in the working directory and writes nothing => CDPATH=:$base/d; cd d; echo "${PWD#$base}" => /d => cd
cd with CDPATH does not apply to ./ => CDPATH=$base/d; cd ./e 2>/dev/null || echo fails => fails => cd
cd with CDPATH does not apply to ../ => mkdir x; cd x; CDPATH=$base/d; cd ../d; echo "${PWD#$base}" => /d => cd
cd with CDPATH does not apply to an absolute path => CDPATH=$base/d; cd "$base/d"; echo "${PWD#$base}" => /d => cd
cd takes -- => mkdir ./-x; cd -- -x; echo "${PWD#$base}" => /-x => cd
cd to a directory whose name has blanks => mkdir 'a b'; cd 'a b'; echo "${PWD#$base}" => /a b => cd
cd with HOME unset has a status greater than 0 => unset HOME; cd 2>/dev/null || echo fails => fails => cd
cd sets PWD that is exported => cd d; $SH -c 'echo "${PWD##*/}"' => d => cd
cd affects commands => cd d; ls => e => cd
cd -e is allowed with -P => base=$(pwd -P); cd -Pe d; echo "${PWD#$base}" => /d => cd
pwd writes the working directory => x=$(pwd); [ "$x" = "$PWD" ] && echo yes => yes => pwd
pwd -L writes the name with links => cd l; x=$(pwd -L); echo "${x#$base}" => /l => pwd
pwd is as pwd -L => cd l; x=$(pwd); echo "${x#$base}" => /l => pwd
pwd -P writes the name without links => base=$(pwd -P); cd l; x=$(pwd -P); echo "${x#$base}" => /d/e => pwd
pwd takes the last of -L and -P => base=$(pwd -P); cd l; x=$(pwd -LP); echo "${x#$base}" => /d/e => pwd
pwd to a full device has a status greater than 0 => (pwd >/dev/full) 2>/dev/null || echo fails => fails => pwd
pwd does not depend on PWD's having been changed to another directory => x=$(pwd -P); PWD=/nonexistent; [ "$(pwd -P)" = "$x" ] && echo yes => yes => pwd
umask writes the mask in octal => umask 022; umask => 0022 => umask
umask sets the mask in octal => umask 027; umask => 0027 => umask
umask of one digit => umask 7; umask => 0007 => umask
umask -S writes what is allowed => umask 022; umask -S => u=rwx,g=rx,o=rx => umask
umask -S of 0 => umask 0; umask -S => u=rwx,g=rwx,o=rwx => umask
umask -S of 777 => umask 777; umask -S => u=,g=,o= => umask
umask with a symbolic mode = => umask 022; umask u=rwx,g=rx,o=; umask => 0027 => umask
umask with a symbolic mode + => umask 077; umask g+r; umask => 0037 => umask
umask with a symbolic mode - => umask 022; umask g-r; umask => 0062 => umask
umask with a symbolic mode for all => umask 077; umask a=rx; umask => 0222 => umask
umask with a symbolic mode without who => umask 077; umask =r; umask => 0333 => umask
umask with several actions => umask 000; umask g-w,o-rwx; umask => 0027 => umask
umask with a copied permission => umask 027; umask o=g; umask => 0022 => umask
umask with a who of several => umask 077; umask go+rx; umask => 0022 => umask
umask's output is taken again => umask 027; x=$(umask); umask 0; umask $x; umask => 0027 => umask
umask -S's output is taken again => umask 027; x=$(umask -S); umask 0; umask $x; umask => 0027 => umask
umask affects files => umask 077; : >f; ls -l f | cut -c1-10 => -rw------- => umask
umask affects directories => umask 027; mkdir n; ls -ld n | cut -c1-10 => drwxr-x--- => umask
umask of an invalid mode has a status greater than 0 => umask 999 2>/dev/null || echo fails => fails => umask
umask of an invalid symbolic mode has a status greater than 0 => umask u=q 2>/dev/null || echo fails => fails => umask
umask that fails changes nothing => umask 022; umask 0x 2>/dev/null; umask => 0022 => umask
