# pcluster-slurm, a program of its own over libslurm: built where Slurm's header and library are.
# libslurm is GPL-2+ (with an exception for OpenSSL); it is linked dynamically and never installed.
include(CheckCXXSourceCompiles)

# Its reading of job scripts needs no Slurm: always here, and tested.
add_library(pcluster_slurm_script STATIC adapters/slurm_api/script.cpp)
target_link_libraries(pcluster_slurm_script PUBLIC pcluster_base)

find_path(SLURM_INCLUDE slurm/slurm.h)
find_library(SLURM_LIBRARY slurm)
mark_as_advanced(SLURM_INCLUDE SLURM_LIBRARY)
set(slurm_why "no slurm/slurm.h and libslurm (libslurm-dev)")
if(SLURM_INCLUDE AND SLURM_LIBRARY)
  set(CMAKE_REQUIRED_INCLUDES ${SLURM_INCLUDE})
  set(CMAKE_REQUIRED_LIBRARIES ${SLURM_LIBRARY})
  check_cxx_source_compiles("
    #include <slurm/slurm.h>
    static_assert(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(21, 8, 0));
    static_assert(SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(25, 11, 0));
    int main() { slurm_init(nullptr); }" SLURM_RELEASE_IS_KNOWN)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
  set(slurm_why "not a Slurm from 21.08 to 25.05")
endif()
if(NOT SLURM_RELEASE_IS_KNOWN)
  message(STATUS "pcluster-slurm: not built: ${slurm_why}; Slurm's commands are used")
  return()
endif()
message(STATUS "pcluster-slurm: with ${SLURM_LIBRARY}")

file(GLOB slurm_api CONFIGURE_DEPENDS adapters/slurm_api/*.cpp)
list(REMOVE_ITEM slurm_api ${PROJECT_SOURCE_DIR}/adapters/slurm_api/script.cpp)
add_executable(pcluster-slurm ${slurm_api})
target_include_directories(pcluster-slurm SYSTEM PRIVATE ${SLURM_INCLUDE})
target_link_libraries(pcluster-slurm PRIVATE pcluster_slurm_script pcluster_package_json
  ${SLURM_LIBRARY} pcluster_portable)
set_target_properties(pcluster-slurm PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
  INSTALL_RPATH_USE_LINK_PATH ON)      # a site's own libslurm lies where it was found
add_dependencies(pcluster pcluster-slurm)
install(TARGETS pcluster-slurm RUNTIME DESTINATION bin)
