# Man pages and completion scripts, asked of the program: cmake -D PROGRAM=... -D SHARE=... -P
function(ask file)
  get_filename_component(directory ${SHARE}/${file} DIRECTORY)
  file(MAKE_DIRECTORY ${directory})
  execute_process(COMMAND ${PROGRAM} ${ARGN} OUTPUT_FILE ${SHARE}/${file}
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()

ask(man/man1/pcluster.1 help --man)
execute_process(COMMAND ${PROGRAM} complete -- "" OUTPUT_VARIABLE verbs COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "," verbs "${verbs}")  # in a summary it would divide the list
string(REGEX MATCHALL "[^\n]+" verbs "${verbs}")
foreach(line IN LISTS verbs)
  string(REGEX REPLACE "\t.*" "" verb "${line}")
  ask(man/man1/pcluster-${verb}.1 help --man ${verb})
endforeach()
if(NOT EXISTS ${SHARE}/man/man1/pcluster-submit.1)
  message(FATAL_ERROR "the program named no verbs")
endif()

ask(bash-completion/completions/pcluster completion bash)
ask(zsh/site-functions/_pcluster completion zsh)
ask(fish/vendor_completions.d/pcluster.fish completion fish)
