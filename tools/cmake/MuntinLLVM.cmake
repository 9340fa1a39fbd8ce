# LLVM, MLIR and lld 22, linked statically: with another LLVM in the process (Triton's, say) anything else crashes.
# Debian's imported MLIR targets name the shared libLLVM; that edge is cut here and LLVM's components are named instead.
list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR 22.1 REQUIRED CONFIG) # "22" would be refused: the version file wants major.minor
find_package(LLD 22.1 REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

function(muntin_cut_shared_llvm)
  foreach(t IN LISTS ARGN)
    if(TARGET ${t})
      get_target_property(_type ${t} TYPE)
      get_target_property(_libs ${t} INTERFACE_LINK_LIBRARIES)
      if(_libs AND NOT _type STREQUAL "EXECUTABLE")
        list(REMOVE_ITEM _libs LLVM MLIR)
        set_property(TARGET ${t} PROPERTY INTERFACE_LINK_LIBRARIES "${_libs}")
      endif()
    endif()
  endforeach()
endfunction()
get_property(_mlir_libs GLOBAL PROPERTY MLIR_ALL_LIBS)
muntin_cut_shared_llvm(${_mlir_libs} ${MLIR_EXPORTED_TARGETS} lldELF lldCommon)
# LLVMExtensions wants libPolly.a, a package nothing here depends on.
if(TARGET LLVMExtensions)
  set_property(TARGET LLVMExtensions PROPERTY INTERFACE_LINK_LIBRARIES LLVMSupport)
endif()

llvm_map_components_to_libnames(_llvm_libs Core Support Target TargetParser MC MCParser CodeGen SelectionDAG AsmPrinter
  Passes ScalarOpts TransformUtils Analysis Object BinaryFormat FrontendOpenMP FrontendOffloading Remarks
  BitReader BitWriter AsmParser Linker IRReader IRPrinter Instrumentation InstCombine AggressiveInstCombine Vectorize ipo
  GlobalISel ProfileData X86CodeGen X86AsmParser X86Desc X86Info
  NVPTXCodeGen NVPTXDesc NVPTXInfo)
add_library(muntin_llvm INTERFACE)
target_link_libraries(muntin_llvm INTERFACE ${_llvm_libs})

# Flags for targets that include LLVM headers. Directory-scoped, as mlir_tablegen() reads the directory's include list.
macro(muntin_use_llvm)
  include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS} ${LLD_INCLUDE_DIRS})
  include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  separate_arguments(_definitions NATIVE_COMMAND ${LLVM_DEFINITIONS})
  add_definitions(${_definitions})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  if(NOT LLVM_ENABLE_RTTI)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
  endif()
endmacro()

# muntin_mlir_library(<name> SOURCES ... LINK ... DEPENDS ...): a static library that uses MLIR and the shared
# precompiled header.
function(muntin_mlir_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LINK} muntin_llvm)
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  if(MUNTIN_PCH)
    target_precompile_headers(${name} REUSE_FROM MuntinPCH)
  endif()
endfunction()

# muntin_mlir_test(<name> SOURCES ... LINK ...): a GoogleTest program that uses MLIR. The sources are an object library,
# as executables are compiled -fPIE, which clang refuses to mix with the -fPIC precompiled header.
function(muntin_mlir_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name}-objects OBJECT ${arg_SOURCES})
  target_link_libraries(${name}-objects PUBLIC ${arg_LINK} muntin_llvm GTest::gtest_main)
  if(MUNTIN_PCH)
    target_precompile_headers(${name}-objects REUSE_FROM MuntinPCH)
  endif()
  add_executable(${name})
  target_link_libraries(${name} PRIVATE ${name}-objects)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
