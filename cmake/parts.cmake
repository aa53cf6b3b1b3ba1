# pcluster_part(NAME DIRECTORY [USES parts...] [PACKAGES packages...]): all sources of a directory.
function(pcluster_part name directory)
  cmake_parse_arguments(PART "" "" "USES;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${directory}/*.cpp)
  add_library(pcluster_${name} STATIC ${sources})
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
  -Wl,--disable-new-dtags)
