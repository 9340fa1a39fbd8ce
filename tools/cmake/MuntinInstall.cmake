# cmake --install build --prefix P: the command, the libraries, the public headers, and what another project finds them
# with: a CMake package (find_package(Muntin), Muntin::muntin) and muntin.pc. Nothing installed names the source tree.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/Muntin)

if(TARGET muntin)
  target_include_directories(muntin INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(muntin PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS muntin EXPORT MuntinTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/muntin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
          FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
  install(EXPORT MuntinTargets NAMESPACE Muntin:: DESTINATION ${_package})
  configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/MuntinConfig.cmake.in
    ${PROJECT_BINARY_DIR}/MuntinConfig.cmake INSTALL_DESTINATION ${_package} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/MuntinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/MuntinConfig.cmake ${PROJECT_BINARY_DIR}/MuntinConfigVersion.cmake
                ${CMAKE_CURRENT_LIST_DIR}/MuntinKernels.cmake DESTINATION ${_package})
  set(_pkgconfig ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH _to_prefix /prefix/${_pkgconfig} /prefix)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/muntin.pc.in ${PROJECT_BINARY_DIR}/muntin.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/muntin.pc DESTINATION ${_pkgconfig})
endif()
# Opened with dlopen, the compiler from the folder that holds libmuntin.so; nothing links against them, so they are in no
# export.
foreach(library IN ITEMS muntin-compiler muntin-emulator)
  if(TARGET ${library})
    install(TARGETS ${library} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
if(TARGET muntin-command)
  file(RELATIVE_PATH _to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(muntin-command PROPERTIES INSTALL_RPATH "$ORIGIN/${_to_libraries}")
  install(TARGETS muntin-command EXPORT MuntinTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/muntin)
