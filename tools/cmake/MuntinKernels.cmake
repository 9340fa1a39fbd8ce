# muntin_add_kernels(<target> PROBLEMS <file>... [TARGETS <name>...] [CUBINS <architecture>...] [NAME <name>])
#
# Compiles the problems of the files, JSON lists as `muntin compile --problems` takes them, for each of TARGETS (default:
# host) when <target> is built, and links the kernels into it as one bundle. Kernels for GPUs are PTX and, where there is
# ptxas, a cubin for their target, or for each of CUBINS (sm_80 sm_90 ...). A source of <target> then says
#
#   #include "<name>.h"
#   mtn_session_add_bundle(session, <name>, <name>_size)
#
# NAME is a C identifier; the default is <target>_kernels.
function(muntin_add_kernels target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME" "PROBLEMS;TARGETS;CUBINS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_PROBLEMS)
    message(FATAL_ERROR "muntin_add_kernels(${target}): expected PROBLEMS <file>... [TARGETS <name>...] "
                        "[CUBINS <architecture>...] [NAME <name>]")
  endif()
  if(NOT TARGET Muntin::command OR NOT Muntin_HAS_COMPILER)
    message(FATAL_ERROR "muntin_add_kernels(${target}): this installation of Muntin has no compiler")
  endif()
  if(NOT arg_NAME)
    string(MAKE_C_IDENTIFIER ${target}_kernels arg_NAME)
  endif()
  set(command Muntin::command compile)
  set(problems)
  foreach(file IN LISTS arg_PROBLEMS)
    get_filename_component(file ${file} ABSOLUTE)
    list(APPEND problems ${file})
    list(APPEND command --problems ${file})
  endforeach()
  foreach(name IN LISTS arg_TARGETS)
    list(APPEND command --target ${name})
  endforeach()
  if(arg_CUBINS)
    list(JOIN arg_CUBINS "," cubins)
    list(APPEND command --cubin ${cubins})
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME})
  file(MAKE_DIRECTORY ${folder})
  set(source ${folder}/${arg_NAME}.c)
  add_custom_command(OUTPUT ${source} ${folder}/${arg_NAME}.h ${folder}/${arg_NAME}.mtn
    COMMAND ${command} -o ${folder}/${arg_NAME}.mtn --embed ${arg_NAME}
    DEPENDS ${problems} Muntin::command COMMENT "Compiling kernels into ${arg_NAME}" VERBATIM)
  # C that is C++ too, for projects without C.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    set_source_files_properties(${source} PROPERTIES LANGUAGE CXX)
  endif()
  target_sources(${target} PRIVATE ${source})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
