# NVIDIA's PTX compiler as a library: NVPTXCompiler::static. Looked for in NVPTXCOMPILER_ROOT, in .deps/nvptx (as made by
# `pip install --no-deps --target .deps/nvptx 'nvidia-nvptxcompiler==13.0.*'`), in the virtual environment, in the toolkit.
file(GLOB _wheels "$ENV{VIRTUAL_ENV}/lib/python3*/site-packages/nvidia/cu13")
set(_places ${NVPTXCOMPILER_ROOT} $ENV{NVPTXCOMPILER_ROOT} ${PROJECT_SOURCE_DIR}/.deps/nvptx/nvidia/cu13 ${_wheels}
  $ENV{CUDA_HOME} $ENV{CUDA_PATH} /usr/local/cuda)
find_path(NVPTXCompiler_INCLUDE_DIR nvPTXCompiler.h HINTS ${_places}
  PATH_SUFFIXES include targets/x86_64-linux/include NO_DEFAULT_PATH)
find_library(NVPTXCompiler_LIBRARY NAMES nvptxcompiler_static HINTS ${_places}
  PATH_SUFFIXES lib lib64 targets/x86_64-linux/lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NVPTXCompiler REQUIRED_VARS NVPTXCompiler_LIBRARY NVPTXCompiler_INCLUDE_DIR)
if(NVPTXCompiler_FOUND AND NOT TARGET NVPTXCompiler::static)
  find_package(Threads REQUIRED)
  add_library(NVPTXCompiler::static STATIC IMPORTED)
  set_target_properties(NVPTXCompiler::static PROPERTIES IMPORTED_LOCATION "${NVPTXCompiler_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${NVPTXCompiler_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()
