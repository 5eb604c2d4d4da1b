# Declares the project's libraries and tests in one way each.

add_library(emptychair_warnings INTERFACE)
target_compile_options(emptychair_warnings INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

# emptychair_library(NAME SRCS ... DEPS ...): a static library emptychair_NAME with the alias
# emptychair::NAME, whose includes start at the project's root.
function(emptychair_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(emptychair_${name} STATIC ${ARG_SRCS})
  add_library(emptychair::${name} ALIAS emptychair_${name})
  target_include_directories(emptychair_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(emptychair_${name}
    PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} $<BUILD_INTERFACE:emptychair_warnings>)
endfunction()

# emptychair_test(NAME SRCS ... DEPS ...): a GoogleTest binary, each of whose tests ctest runs by
# itself, in parallel with others.
function(emptychair_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main emptychair_warnings)
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

# emptychair_protos(NAME [GRPC] PROTOS ... DEPS ...): C++ from .proto files. With GRPC the stubs
# alone, for messages that another library has.
function(emptychair_protos name)
  cmake_parse_arguments(ARG "GRPC" "" "PROTOS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  # protoc follows imports, which CMake does not see: every .proto is a dependency of each.
  file(GLOB_RECURSE all_protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/protos/*.proto)
  set(generated "")
  foreach(proto IN LISTS ARG_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    if(ARG_GRPC)
      set(outputs ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(flags --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    else()
      set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
      set(flags --cpp_out=${out})
    endif()
    add_custom_command(OUTPUT ${outputs}
      COMMAND protobuf::protoc -I${PROJECT_SOURCE_DIR}/protos ${flags} ${proto}
      DEPENDS ${all_protos} VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_library(emptychair_${name} STATIC ${generated})
  add_library(emptychair::${name} ALIAS emptychair_${name})
  target_include_directories(emptychair_${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(emptychair_${name} PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  set_target_properties(emptychair_${name} PROPERTIES EMPTYCHAIR_PROTOS "${ARG_PROTOS}")
endfunction()
