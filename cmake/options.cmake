# What every target is compiled with.
add_library(pcluster_options INTERFACE)
target_include_directories(pcluster_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(pcluster_options INTERFACE PCLUSTER_VERSION="${PROJECT_VERSION}")
target_compile_options(pcluster_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(PCLUSTER_WERROR)
  target_compile_options(pcluster_options INTERFACE -Werror)
endif()
if(PCLUSTER_SANITIZE)
  target_compile_options(pcluster_options INTERFACE -fsanitize=address,undefined
    -fno-omit-frame-pointer)
  target_link_options(pcluster_options INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(pcluster_options INTERFACE PCLUSTER_SANITIZE=1)
endif()
