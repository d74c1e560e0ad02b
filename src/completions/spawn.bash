# Completions of spawn(1) for bash.

# Completes an option, the value of an option, or the program and its arguments.
_nestling_spawn() {
    local current=${COMP_WORDS[COMP_CWORD]} option= index=1
    COMPREPLY=()
    # Looks for the option whose value the current word is. Bash makes three words of --nice=5.
    while ((index < COMP_CWORD)); do
        option=
        case ${COMP_WORDS[index]} in
            --setsid | --no-new-privs | --reset-ids | --copy | --clear-env | --help | --version) ;;
            --?*)
                option=${COMP_WORDS[index]}
                [[ ${COMP_WORDS[index + 1]} == = ]] && ((++index))
                ((++index))
                ;;
            --) ((++index)); break ;;
            *) break ;;
        esac
        ((++index))
    done
    if ((index > COMP_CWORD)) && [[ -n $option ]]; then
        [[ $current == = ]] && current=
        case $option in
            --chdir | --chroot | --cgroup)
                compopt -o filenames 2>/dev/null
                COMPREPLY=($(compgen -d -- "$current"))
                ;;
            --open | --shell)
                compopt -o filenames 2>/dev/null
                COMPREPLY=($(compgen -f -- "$current"))
                ;;
            --user) COMPREPLY=($(compgen -u -- "$current")) ;;
            --default | --block | --parent-death) COMPREPLY=($(compgen -A signal -- "$current")) ;;
            --sched) COMPREPLY=($(compgen -W "other fifo rr batch idle" -- "$current")) ;;
            --unset) COMPREPLY=($(compgen -v -- "$current")) ;;
            --env)
                compopt -o nospace 2>/dev/null
                COMPREPLY=($(compgen -v -S = -- "$current"))
                ;;
            --limit)
                compopt -o nospace 2>/dev/null
                COMPREPLY=($(compgen -S = -W "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime
                    sigpending stack" -- "$current"))
                ;;
        esac
    elif ((index == COMP_CWORD)) && [[ $current == -* && ${COMP_WORDS[index - 1]} != -- ]]; then
        COMPREPLY=($(compgen -W "--open --dup --close --close-from --chdir --fchdir --umask --limit --chroot --user --groups
            --gid --uid --reset-ids --securebits --bounding --inheritable --ambient --terminal --foreground --setsid
            --no-new-privs --setpgid --nice --sched --oom-score-adj --parent-death --default --block --cgroup --env --unset
            --clear-env --arg0 --descriptor --shell --copy --help --version" -- "$current"))
    elif ((index == COMP_CWORD)); then
        COMPREPLY=($(compgen -c -- "$current"))
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _nestling_spawn spawn nestling-spawn
