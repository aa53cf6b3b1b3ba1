# The layout of the program: bin/, lib/ (hwloc, which workers load), share/.
# The build tree has the same one, its share/ linked to the sources: the program runs from both.
set_target_properties(pcluster PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# Only then: for every library the loader would try eight directories below it first, at each start.
if(NOT YAML_CPP_STATIC)
  set_target_properties(pcluster PROPERTIES INSTALL_RPATH "$ORIGIN/../lib"
    BUILD_WITH_INSTALL_RPATH ON)
endif()

function(pcluster_share source name)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/pcluster)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${source}
    ${PROJECT_BINARY_DIR}/share/pcluster/${name} SYMBOLIC)
  install(DIRECTORY ${source}/ DESTINATION share/pcluster/${name})
endfunction()
pcluster_share(templates templates)
pcluster_share(site-configs site-configs)
pcluster_share(mpi-runtime/probe probe)    # built by `smoke` with the site's own mpicc
pcluster_share(examples examples)          # `smoke` runs ring.py

# Everything that the program links, but for the C library: that is the machine's own.
install(TARGETS pcluster pcluster_topology RUNTIME_DEPENDENCY_SET pcluster_libraries
  RUNTIME DESTINATION bin LIBRARY DESTINATION lib)
install(RUNTIME_DEPENDENCY_SET pcluster_libraries
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|util)\\.so"
  LIBRARY DESTINATION lib)
install(FILES LICENSE DESTINATION share/pcluster)

# Man pages and completion, from the program's own tables.
add_custom_command(TARGET pcluster POST_BUILD VERBATIM COMMENT "man pages and completion scripts"
  COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:pcluster> -D SHARE=${PROJECT_BINARY_DIR}/share
          -P ${PROJECT_SOURCE_DIR}/cmake/pages.cmake)
foreach(pages man bash-completion zsh fish)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/share/${pages} DESTINATION share)
endforeach()
