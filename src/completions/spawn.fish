# Completions of spawn(1) for fish.

# The options that take a value. The function below takes its own options up to the first word that is not a long option.
set -l values - --open --dup --close --close-from --chdir --fchdir --umask --limit --chroot --user --groups --gid --uid \
    --securebits --bounding --inheritable --ambient --terminal --foreground --setpgid --nice --sched --oom-score-adj \
    --parent-death --default --block --cgroup --env --unset --arg0 --descriptor --shell

for name in spawn nestling-spawn
    complete -c $name -x -a "(__fish_complete_subcommand $values)"
    complete -c $name -l open -r -F -d 'Open a file as a descriptor'
    complete -c $name -l dup -x -d 'Copy a descriptor to another number'
    complete -c $name -l close -x -d 'Close a descriptor'
    complete -c $name -l close-from -x -d 'Close all descriptors from this one'
    complete -c $name -l chdir -x -a '(__fish_complete_directories)' -d 'Change the working directory'
    complete -c $name -l fchdir -x -d 'Change to the directory of a descriptor'
    complete -c $name -l umask -x -d 'Set the umask'
    complete -c $name -l limit -x -d 'Set the limits of a resource' \
        -a '{as,core,cpu,data,fsize,locks,memlock,msgqueue,nice,nofile,nproc,rss,rtprio,rttime,sigpending,stack}='
    complete -c $name -l chroot -x -a '(__fish_complete_directories)' -d 'Change the root directory, and to it'
    complete -c $name -l user -x -a '(__fish_complete_users)' -d 'Set groups, gid and uid of a user'
    complete -c $name -l groups -x -d 'Set the supplementary groups'
    complete -c $name -l gid -x -d 'Set the group id'
    complete -c $name -l uid -x -d 'Set the user id'
    complete -c $name -l reset-ids -d 'Set the effective ids to the real ones'
    complete -c $name -l securebits -x -d 'Set the securebits'
    complete -c $name -l bounding -x -d 'Keep these capabilities in the bounding set'
    complete -c $name -l inheritable -x -d 'Set the inheritable capabilities'
    complete -c $name -l ambient -x -d 'Set the ambient capabilities'
    complete -c $name -l terminal -x -d 'Make a terminal the controlling terminal'
    complete -c $name -l foreground -x -d 'Become the foreground group of a terminal'
    complete -c $name -l setsid -d 'Start a new session'
    complete -c $name -l no-new-privs -d 'Ignore set-user-ID bits'
    complete -c $name -l setpgid -x -d 'Join a process group'
    complete -c $name -l nice -x -d 'Set the nice value'
    complete -c $name -l sched -x -a 'other fifo rr batch idle' -d 'Set the scheduling policy'
    complete -c $name -l oom-score-adj -x -d 'Set the score of the out-of-memory killer'
    complete -c $name -l parent-death -x -a '(kill -l | string split " ")' -d 'Send a signal when spawn ends'
    complete -c $name -l default -x -a '(kill -l | string split " ")' -d 'Set the default action of signals'
    complete -c $name -l block -x -a '(kill -l | string split " ")' -d 'Block exactly these signals'
    complete -c $name -l cgroup -x -a '(__fish_complete_directories)' -d 'Start in a cgroup'
    complete -c $name -l env -x -a '(set -xn)=' -d 'Set a variable'
    complete -c $name -l unset -x -a '(set -xn)' -d 'Remove a variable'
    complete -c $name -l clear-env -d 'Start with no variables'
    complete -c $name -l arg0 -x -d 'Set argument 0'
    complete -c $name -l descriptor -x -d 'Execute the file of a descriptor'
    complete -c $name -l shell -r -F -d 'Run scripts without #! by this program'
    complete -c $name -l copy -d 'Copy the memory instead of sharing it'
    complete -c $name -l help -d 'Print a summary of the options'
    complete -c $name -l version -d 'Print the version'
end
