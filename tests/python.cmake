# Tests of the Python package: a test per file of python/tests, in the environment of ./dev python.
file(GLOB python CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/python/tests
  ${PROJECT_SOURCE_DIR}/python/tests/test_*.py)

# Once more as an ordinary user: those that start processes, each in its own way.
set(python_as_user test_executor.py test_cluster.py test_setup.py test_hnn.py
  test_dask.py test_ipyparallel.py)

foreach(file IN LISTS python)
  string(REGEX REPLACE "^test_(.*)\\.py$" "python.\\1" name ${file})
  set(run timeout -k 10 300 bash ${programs}/run.sh
    ${programs}/python/tests/${file} $<TARGET_FILE:pcluster>
    ${PROJECT_SOURCE_DIR}/build/python/bin/python)
  set(names ${name})
  add_test(NAME ${name} COMMAND ${run})
  if(file IN_LIST python_as_user)
    add_test(NAME ${name}.user COMMAND ${run} as-user)
    list(APPEND names ${name}.user)
  endif()
  set_tests_properties(${names} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 330 LABELS python
    ENVIRONMENT PCLUSTER_SOURCE=${PROJECT_SOURCE_DIR})
endforeach()
