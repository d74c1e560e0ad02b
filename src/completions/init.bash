# Completions of init(8), as a container's process 1, for bash.

# Completes an option, the value of an option, or the command and its arguments.
_nestling_init() {
    local current=${COMP_WORDS[COMP_CWORD]} option= index=1
    COMPREPLY=()
    # Looks for the option whose value the current word is. Bash makes three words of --sweep=5.
    while ((index < COMP_CWORD)); do
        option=
        case ${COMP_WORDS[index]} in
            --rewrite)
                option=-r
                [[ ${COMP_WORDS[index + 1]} == = ]] && ((++index))
                ((++index))
                ;;
            --sweep) [[ ${COMP_WORDS[index + 1]} == = ]] && option=--sweep && ((index += 2)) ;;
            --) ((++index)); break ;;
            --*) ;;
            -*[rpe]) option=-${COMP_WORDS[index]: -1}; ((++index)) ;;
            -*) ;;
            *) break ;;
        esac
        ((++index))
    done
    if ((index > COMP_CWORD)) && [[ -n $option ]]; then
        case $option in
            # With and without SIG, as in zsh and fish.
            -p) COMPREPLY=($(compgen -W "$(compgen -A signal SIG) $(compgen -A signal SIG | sed s/^SIG//)" -- "$current")) ;;
        esac
    elif ((index == COMP_CWORD)) && [[ $current == -* && ${COMP_WORDS[index - 1]} != -- ]]; then
        COMPREPLY=($(compgen -W "-g -c -r -s -p -e -w -P --sweep -v -h -V --help --version --single-child --rewrite --verbose" \
            -- "$current"))
    elif ((index == COMP_CWORD)); then
        COMPREPLY=($(compgen -c -- "$current"))
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _nestling_init init nestling-init
