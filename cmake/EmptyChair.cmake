# Declares the project's libraries and tests in one way each.

add_library(emptychair_warnings INTERFACE)
target_compile_options(emptychair_warnings INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

# Headers of others that most files read, read once. None of ours and none of a layer's own (gRPC,
# RocksDB), so that what a file may include stays a matter of its includes and its links; the preset
# `tidy` reads every file without them.
set(common_headers
  <algorithm> <array> <cstdint> <functional> <map> <memory> <optional> <string> <utility> <vector>
  <absl/container/flat_hash_map.h>
  <absl/functional/any_invocable.h>
  <absl/status/status.h>
  <absl/status/statusor.h>
  <absl/strings/str_cat.h>
  <absl/strings/str_format.h>
  <absl/strings/str_join.h>
  <absl/synchronization/mutex.h>
  <absl/time/civil_time.h>
  <absl/time/clock.h>
  <absl/time/time.h>
  <google/protobuf/descriptor.pb.h>
  <google/protobuf/duration.pb.h>
  <google/protobuf/message.h>
  <google/protobuf/timestamp.pb.h>)
set(empty_source ${PROJECT_BINARY_DIR}/empty.cc)
file(CONFIGURE OUTPUT ${empty_source} CONTENT "" @ONLY)

add_library(emptychair_common_headers OBJECT ${empty_source})
target_precompile_headers(emptychair_common_headers PRIVATE ${common_headers})

# emptychair_library(NAME SRCS ... DEPS ... [HEADERS ...]): a static library emptychair_NAME with
# the alias emptychair::NAME, whose includes start at the project's root. HEADERS are heavy ones of
# others, beside the common ones, that most of its files read.
function(emptychair_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS;HEADERS" ${ARGN})
  add_library(emptychair_${name} STATIC ${ARG_SRCS})
  if(ARG_HEADERS)
    target_precompile_headers(emptychair_${name} PRIVATE ${common_headers} ${ARG_HEADERS})
  else()
    target_precompile_headers(emptychair_${name} REUSE_FROM emptychair_common_headers)
  endif()
  add_library(emptychair::${name} ALIAS emptychair_${name})
  target_include_directories(emptychair_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(emptychair_${name}
    PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} $<BUILD_INTERFACE:emptychair_warnings>)
  if(EMPTYCHAIR_BUILD_TESTS AND NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/tests")
    emptychair_link_test(${name})
  endif()
endfunction()

# A program of all that emptychair_NAME defines and nothing but what it names as its DEPS: it does
# not link when a file uses a layer that its library does not stand on.
set(empty_main ${PROJECT_BINARY_DIR}/empty_main.cc)
file(CONFIGURE OUTPUT ${empty_main} CONTENT "int main() {}\n" @ONLY)
function(emptychair_link_test name)
  add_executable(link_${name} ${empty_main})
  target_link_libraries(link_${name} PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,emptychair_${name}>)
  target_link_options(link_${name} PRIVATE -Wl,--strip-all)
endfunction()

# emptychair_test(NAME SRCS ... DEPS ... [LABELS ...]): a GoogleTest binary, each of whose tests ctest
# runs by itself, in parallel with others. How long each may take is a matter of the test preset.
# LABELS are those of `ctest -L`: the kind, which is one of
#   unit     runs in the test's own process and opens no port (the default)
#   wire     calls a server in the test's own process by the network
#   process  runs other programs
# then `slow` where a test takes more than five seconds, and the presets with sanitizers that run it.
function(emptychair_test name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT TARGET emptychair_test_headers)
    add_library(emptychair_test_headers OBJECT ${empty_source})
    target_precompile_headers(emptychair_test_headers PRIVATE ${common_headers}
      <gmock/gmock.h> <google/protobuf/util/message_differencer.h> <gtest/gtest.h>)
    # For the macros that come with it: with others the compiler does not use what it made.
    target_link_libraries(emptychair_test_headers PRIVATE GTest::gmock)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_precompile_headers(${name} REUSE_FROM emptychair_test_headers)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main emptychair_warnings)
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60)
  emptychair_labels(${name} ${ARG_LABELS})
endfunction()

# Labels the tests that were discovered in the binary `name`, for which gtest_discover_tests takes
# one label alone. The target tests_LABEL builds all that have it.
function(emptychair_labels name)
  set(labels ${ARGN})
  set_target_properties(${name} PROPERTIES EMPTYCHAIR_LABELS "${labels}")
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(CONFIGURE OUTPUT ${file} @ONLY CONTENT
    "set_tests_properties(\${@name@_TESTS} PROPERTIES LABELS \"@labels@\")\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
  foreach(label IN LISTS labels)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()

# All C++ that is generated: what tools that read our sources need, without a build.
add_custom_target(emptychair_generated)

# emptychair_protos(NAME [GRPC] PROTOS ... DEPS ...): C++ from .proto files. With GRPC the stubs
# alone, for messages that another library has.
#
# protoc says which files it read. It writes into a folder of its own, from where only what differs
# is copied: a changed comment, which messages do not show, compiles nothing anew.
function(emptychair_protos name)
  cmake_parse_arguments(ARG "GRPC" "" "PROTOS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated)
  # protoc names its outputs as it is told to write them. A dependency file's names are relative to
  # this folder: seen from `anew`, the same name leads to what is written, not to what is compiled.
  file(RELATIVE_PATH out_name ${CMAKE_CURRENT_BINARY_DIR} ${out})
  set(anew ${CMAKE_CURRENT_BINARY_DIR}/anew/protoc)
  file(MAKE_DIRECTORY ${anew} ${anew}/${out_name})
  set(generated "")
  foreach(proto IN LISTS ARG_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    get_filename_component(folder ${proto} DIRECTORY)
    if(ARG_GRPC)
      set(names ${stem}.grpc.pb.cc ${stem}.grpc.pb.h)
      set(flags --grpc_out=${out_name}
        --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    else()
      set(names ${stem}.pb.cc ${stem}.pb.h)
      set(flags --cpp_out=${out_name})
    endif()
    list(TRANSFORM names PREPEND ${out}/ OUTPUT_VARIABLE outputs)
    list(TRANSFORM names PREPEND ${out_name}/ OUTPUT_VARIABLE written)
    file(MAKE_DIRECTORY ${out}/${folder})
    add_custom_command(OUTPUT ${outputs}
      COMMAND protobuf::protoc -I${PROJECT_SOURCE_DIR}/protos ${flags}
        --dependency_out=${anew}/${out_name}/${stem}.${name}.d ${proto}
      COMMAND ${CMAKE_COMMAND} -E copy_if_different ${written} ${out}/${folder}
      DEPENDS ${PROJECT_SOURCE_DIR}/protos/${proto}
      DEPFILE ${anew}/${out_name}/${stem}.${name}.d
      WORKING_DIRECTORY ${anew} VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_custom_target(emptychair_${name}_generated DEPENDS ${generated})
  add_dependencies(emptychair_generated emptychair_${name}_generated)
  add_library(emptychair_${name} STATIC ${generated})
  add_library(emptychair::${name} ALIAS emptychair_${name})
  target_precompile_headers(emptychair_${name} REUSE_FROM emptychair_common_headers)
  target_include_directories(emptychair_${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(emptychair_${name} PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  set_target_properties(emptychair_${name} PROPERTIES EMPTYCHAIR_PROTOS "${ARG_PROTOS}")
endfunction()
