# Sources that do not clash are compiled as one: headers and templates cost more than we do.
if(PCLUSTER_UNITY)
  find_package(Python3 COMPONENTS Interpreter QUIET)     # without it: each source by itself
endif()
function(pcluster_unity target sources)
  if(NOT PCLUSTER_UNITY OR NOT Python3_Interpreter_FOUND)
    return()
  endif()
  execute_process(COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/unity.py 16 ${sources}
    OUTPUT_VARIABLE groups OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  foreach(source group IN ZIP_LISTS sources groups)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)   # all of it is one file
endfunction()

# pcluster_part(NAME DIRECTORY [USES parts...] [PACKAGES packages...]): all sources of a directory.
function(pcluster_part name directory)
  cmake_parse_arguments(PART "" "" "USES;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${directory}/*.cpp)
  add_library(pcluster_${name} STATIC ${sources})
  pcluster_unity(pcluster_${name} "${sources}")
  target_link_libraries(pcluster_${name} PUBLIC pcluster_options pcluster_package_fmt)
  foreach(part IN LISTS PART_USES)
    target_link_libraries(pcluster_${name} PUBLIC pcluster_${part})
  endforeach()
  foreach(package IN LISTS PART_PACKAGES)
    target_link_libraries(pcluster_${name} PRIVATE pcluster_package_${package})
  endforeach()
endfunction()

# Runs wherever libc does: our C++ runtime goes along.
add_library(pcluster_portable INTERFACE)
target_link_options(pcluster_portable INTERFACE -static-libstdc++ -static-libgcc
  -Wl,--disable-new-dtags,--as-needed)
