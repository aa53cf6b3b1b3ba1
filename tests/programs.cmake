# Tests of the whole program: bash scripts, each alone on its own state directory.  They run from a
# copy in the build tree, which the ordinary user of `./dev test` can read.
if(PCLUSTER_SANITIZE)
  return()                            # they measure times, and run what users get
endif()
set(programs ${CMAKE_CURRENT_BINARY_DIR}/programs)
add_custom_target(programs ALL
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${programs}
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/local ${programs}/local
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/slurm ${programs}/slurm
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/faults ${programs}/faults
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/pbs ${programs}/pbs
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/testbed ${programs}/testbed
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/lib.sh
          ${CMAKE_CURRENT_SOURCE_DIR}/slurm.sh ${CMAKE_CURRENT_SOURCE_DIR}/processes.sh
          ${CMAKE_CURRENT_SOURCE_DIR}/fake_pbs.sh ${CMAKE_CURRENT_SOURCE_DIR}/python/run.sh
          ${CMAKE_CURRENT_SOURCE_DIR}/messages.sh ${CMAKE_CURRENT_SOURCE_DIR}/terminal.py
          ${CMAKE_CURRENT_SOURCE_DIR}/walk.py ${CMAKE_CURRENT_SOURCE_DIR}/slurm_rows.py
          ${CMAKE_CURRENT_SOURCE_DIR}/channels.py ${CMAKE_CURRENT_SOURCE_DIR}/channel_engine.py
          ${PROJECT_SOURCE_DIR}/docs/messages.md
          ${PROJECT_SOURCE_DIR}/docs/first-hour.md ${PROJECT_SOURCE_DIR}/docs/resident.md
          ${PROJECT_SOURCE_DIR}/docs/channels.md
          ${programs}
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/bench ${programs}/bench
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/examples ${programs}/examples
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/python/tests
          ${programs}/python/tests
  VERBATIM)

# program_test(SCRIPT [USER] [SERIAL] [TESTBED] [TIMEOUT seconds]): as root, and with USER once more
# as an ordinary user; SERIAL: nothing else may run meanwhile; TESTBED: on the one Slurm of slurm/.
string(MD5 testbed_name ${CMAKE_CURRENT_BINARY_DIR})
string(SUBSTRING ${testbed_name} 0 8 testbed_name)
function(program_test script)
  cmake_parse_arguments(TEST "USER;SERIAL;TESTBED" "TIMEOUT" "" ${ARGN})
  string(REGEX REPLACE "/" "." name ${script})
  string(REGEX REPLACE "\\.sh$" "" name ${name})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  set(variables PCLUSTER_TESTBED=/var/tmp/pcluster-testbed-${testbed_name}
    PCLUSTER_BENCH=$<TARGET_FILE_DIR:raw_spawn>)
  set(names ${name})
  # Its own time limit comes first, so that it can end what it started.
  set(run timeout -k 10 ${TEST_TIMEOUT} bash ${programs}/${script} $<TARGET_FILE:pcluster>)
  math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} + 30")
  add_test(NAME ${name} COMMAND ${run})
  if(TEST_USER)
    add_test(NAME ${name}.user COMMAND ${run} as-user)
    list(APPEND names ${name}.user)
  endif()
  set_tests_properties(${names} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${TEST_TIMEOUT}
    ENVIRONMENT "${variables}")
  if(TEST_SERIAL)
    set_tests_properties(${names} PROPERTIES RUN_SERIAL ON)
  endif()
  if(TEST_TESTBED)
    set_tests_properties(${names} PROPERTIES FIXTURES_REQUIRED testbed RESOURCE_LOCK testbed)
  endif()
endfunction()

# The same script with PCLUSTER_CHAOS=1, which makes it long: an hour at most.
function(chaos_test script)
  cmake_parse_arguments(TEST "TESTBED" "" "" ${ARGN})
  string(REGEX REPLACE "^faults/(.*)\\.sh$" "chaos.\\1" name ${script})
  add_test(NAME ${name} CONFIGURATIONS chaos
    COMMAND timeout -k 10 3600 bash ${programs}/${script} $<TARGET_FILE:pcluster>)
  set_tests_properties(${name} PROPERTIES TIMEOUT 3630 RUN_SERIAL ON
    ENVIRONMENT "PCLUSTER_CHAOS=1;PCLUSTER_TESTBED=/var/tmp/pcluster-testbed-${testbed_name}")
  if(TEST_TESTBED)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED testbed RESOURCE_LOCK testbed)
  endif()
endfunction()

file(GLOB local CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} local/*.sh)
set(measured local/start-time.sh local/status-time.sh local/idle-cpu.sh
  local/task-cpu.sh)
foreach(script IN LISTS local)
  if(script IN_LIST measured)
    program_test(${script} SERIAL TIMEOUT 400)
  elseif(script STREQUAL local/bare-root.sh)
    program_test(${script})           # makes namespaces
  elseif(script STREQUAL local/join.sh)
    program_test(${script})           # the other user cannot read join_bench
  else()
    program_test(${script} USER)
  endif()
endforeach()

# What a task costs, within bounds that only a loss of a tenfold exceeds; and docs/performance.md
# has the rows that ./dev bench prints.
program_test(bench/short.sh SERIAL)
add_test(NAME bench.page COMMAND python3 -B ${PROJECT_SOURCE_DIR}/bench/page.py
  check ${PROJECT_SOURCE_DIR}/docs/performance.md)

# On the PBS whose commands are on PATH: `ctest -C pbs` alone has this test (./dev test --pbs).
add_test(NAME pbs.main CONFIGURATIONS pbs
  COMMAND timeout -k 10 1800 bash ${programs}/pbs/main.sh $<TARGET_FILE:pcluster>)
set_tests_properties(pbs.main PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1830)

# One testbed for all of slurm/; each test leaves it as it found it.
program_test(testbed/up.sh)
program_test(testbed/down.sh)
set_tests_properties(testbed.up PROPERTIES FIXTURES_SETUP testbed)
set_tests_properties(testbed.down PROPERTIES FIXTURES_CLEANUP testbed)
file(GLOB slurm CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} slurm/*.sh)
foreach(script IN LISTS slurm)
  if(script STREQUAL slurm/home-time.sh)
    program_test(${script} SERIAL TESTBED)
  elseif(script STREQUAL slurm/gangs.sh)
    program_test(${script} USER TESTBED TIMEOUT 300)   # hosts go off, and come back
  elseif(script STREQUAL slurm/bad-node.sh)
    program_test(${script} TESTBED)   # once will do
  elseif(script MATCHES "drained-hosts|no-answer|explain|hnn")
    program_test(${script} TESTBED)   # only root can break a Slurm, reserve nodes; or it is long
  elseif(script STREQUAL slurm/ladder.sh)
    program_test(${script} TESTBED TIMEOUT 300)        # and its network
  else()
    program_test(${script} USER TESTBED)
  endif()
endforeach()

# Faults of real processes: a short campaign here, the long one in `ctest -C chaos` alone
# (./dev test --chaos).  A script that needs the testbed says so in its second line.
file(GLOB faults CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} faults/*.sh)
foreach(script IN LISTS faults)
  set(testbed "")
  file(STRINGS ${script} head LIMIT_COUNT 2)
  if(head MATCHES "testbed")
    set(testbed TESTBED)
  endif()
  program_test(${script} ${testbed})
  chaos_test(${script} ${testbed})
endforeach()

include(python.cmake)       # tests of the Python package
