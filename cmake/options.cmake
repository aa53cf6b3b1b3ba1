# What every target is compiled with.
add_library(pcluster_options INTERFACE)
target_include_directories(pcluster_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(pcluster_options INTERFACE PCLUSTER_VERSION="${PROJECT_VERSION}")
target_compile_options(pcluster_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wnon-virtual-dtor -Wno-missing-field-initializers)
# At -O3 GCC 12 warns of the standard library's own strings and variants (GCC's bug 105651 and its
# like); at -O1, where warnings are errors, it has nothing to say of these.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(pcluster_options INTERFACE
    $<$<CONFIG:Release>:-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overread>)
endif()
if(PCLUSTER_WERROR)
  target_compile_options(pcluster_options INTERFACE -Werror)
endif()
if(PCLUSTER_FUZZ)                     # with clang alone
  target_compile_options(pcluster_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PCLUSTER_SANITIZE_THREADS)
  target_compile_options(pcluster_options INTERFACE -fsanitize=thread)
  target_link_options(pcluster_options INTERFACE -fsanitize=thread)
endif()
if(PCLUSTER_SANITIZE)
  target_compile_options(pcluster_options INTERFACE -fsanitize=address,undefined
    -fno-omit-frame-pointer)
  target_link_options(pcluster_options INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(pcluster_options INTERFACE PCLUSTER_SANITIZE=1)
endif()
