# Completions of init(8), as a container's process 1, for fish.

for name in init nestling-init
    complete -c $name -x -a '(__fish_complete_subcommand -r -p -e)'
    complete -c $name -s g -d 'Forward signals to the process group of the command'
    complete -c $name -s c -l single-child -d 'Forward signals only to the command'
    complete -c $name -s r -l rewrite -x -d 'Forward another signal'
    complete -c $name -s s -d 'Adopt orphans'
    complete -c $name -s p -x -a '(kill -l | string split " ")' -d 'Get a signal when the parent ends'
    complete -c $name -s e -x -d 'Exit with 0 instead of a status'
    complete -c $name -s w -d 'Report reaped orphans'
    complete -c $name -s P -d 'Run no command'
    complete -c $name -l sweep -d 'End what the command leaves'
    complete -c $name -s v -l verbose -d 'Report the end of the command'
    complete -c $name -s h -l help -d 'Print a summary of the options'
    complete -c $name -s V -l version -d 'Print the version'
end
