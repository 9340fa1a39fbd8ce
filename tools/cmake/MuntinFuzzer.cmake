# muntin_fuzzer(NAME SOURCES ... [LIBRARIES ...] [CORPUS folder] [DICTIONARY file]): a libFuzzer target, where
# MUNTIN_BUILD_FUZZERS asks for it. ctest runs it for some seconds; tools/fuzz for as long as one likes. What it finds
# interesting goes to the build folder, and stays there for the next time.
option(MUNTIN_BUILD_FUZZERS "Build the libFuzzer targets (needs clang)" OFF)

function(muntin_fuzzer name)
  if(NOT MUNTIN_BUILD_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS;DICTIONARY" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  set(found ${PROJECT_BINARY_DIR}/fuzz/corpus/${name})
  file(MAKE_DIRECTORY ${found})
  set(command ${found})
  foreach(file IN LISTS arg_CORPUS)
    list(APPEND command ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  foreach(file IN LISTS arg_DICTIONARY)
    list(APPEND command -dict=${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  list(APPEND command -timeout=200 -report_slow_units=200 -rss_limit_mb=2048 -artifact_prefix=${PROJECT_BINARY_DIR}/fuzz/${name}-)
  list(JOIN command "' '" words)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/fuzz/${name}.sh
       CONTENT "exec '$<TARGET_FILE:${name}>' '${words}' \"$@\"\n")
  add_test(NAME fuzz.${name} COMMAND sh ${PROJECT_BINARY_DIR}/fuzz/${name}.sh -seed=1 -max_total_time=4 -verbosity=0
                                     -print_final_stats=1)
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 300)
endfunction()
