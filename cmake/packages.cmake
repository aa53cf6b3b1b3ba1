# Debian 12's packages, one interface target each, so that a part names what it needs.
find_package(Threads REQUIRED)
set(OPENSSL_USE_STATIC_LIBS ON)     # compute nodes may have another libssl, or none
find_package(OpenSSL 3.0 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)

function(pcluster_package name)
  add_library(pcluster_package_${name} INTERFACE)
  target_link_libraries(pcluster_package_${name} INTERFACE ${ARGN})
endfunction()
pcluster_package(fmt fmt::fmt-header-only)
pcluster_package(msgpack)           # header-only; its CMake file would want Boost
target_compile_definitions(pcluster_package_msgpack INTERFACE MSGPACK_NO_BOOST)
find_library(YAML_CPP_STATIC libyaml-cpp.a)
pcluster_package(yaml $<IF:$<BOOL:${YAML_CPP_STATIC}>,${YAML_CPP_STATIC},yaml-cpp>)
pcluster_package(mustache)          # kainjow, header-only
pcluster_package(asio Threads::Threads)
target_compile_definitions(pcluster_package_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
pcluster_package(tls OpenSSL::SSL OpenSSL::Crypto ${CMAKE_DL_LIBS})
pcluster_package(log spdlog::spdlog_header_only)
target_compile_definitions(pcluster_package_log INTERFACE SPDLOG_FMT_EXTERNAL_HO)
pcluster_package(json nlohmann_json::nlohmann_json)
pcluster_package(cli CLI11::CLI11)
