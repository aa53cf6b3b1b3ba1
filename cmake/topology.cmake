# libpcluster-topology.so: hwloc for workers, loaded at run time from lib/ beside bin/.
add_library(pcluster_topology MODULE mpi-runtime/topology/order.cpp)
set_target_properties(pcluster_topology PROPERTIES
  OUTPUT_NAME pcluster-topology
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
  INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON)
target_include_directories(pcluster_topology PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(pcluster_topology PRIVATE PkgConfig::HWLOC pcluster_portable)
add_dependencies(pcluster_runtime pcluster_topology)
