# RocksDB as emptychair::rocksdb: Debian's package, or the release's own source.
#
# Debian builds it with assertions and sync points, for any x86-64. Its source, built for speed, gives
# streams more: docs/performance.md. The two write the same files.
set(EMPTYCHAIR_ROCKSDB_SOURCE "" CACHE PATH
  "Folder with the source of RocksDB 7.8.3, built without assertions and for processors with SSE4.2 \
and PCLMUL; empty: the installed package. See the preset release-rocksdb")

add_library(emptychair_rocksdb INTERFACE)
add_library(emptychair::rocksdb ALIAS emptychair_rocksdb)

function(emptychair_add_rocksdb_source)
  # What its options are called is its own business; it takes what is set here.
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(CMAKE_CXX_STANDARD 17)
  set(PORTABLE ON)
  set(FORCE_SSE42 ON)
  set(USE_RTTI ON)
  set(WITH_LZ4 ON)
  set(WITH_ZSTD ON)
  foreach(option WITH_GFLAGS WITH_LIBURING WITH_TESTS WITH_ALL_TESTS WITH_TOOLS WITH_CORE_TOOLS
      WITH_BENCHMARK_TOOLS WITH_TRACE_TOOLS ROCKSDB_BUILD_SHARED FAIL_ON_WARNINGS)
    set(${option} OFF)
  endforeach()
  add_subdirectory(${EMPTYCHAIR_ROCKSDB_SOURCE} rocksdb EXCLUDE_FROM_ALL)
endfunction()

if(EMPTYCHAIR_ROCKSDB_SOURCE)
  emptychair_add_rocksdb_source()
  target_include_directories(emptychair_rocksdb SYSTEM INTERFACE
    $<BUILD_INTERFACE:${EMPTYCHAIR_ROCKSDB_SOURCE}/include>)
  target_compile_definitions(emptychair_rocksdb INTERFACE EMPTYCHAIR_ROCKSDB_FROM_SOURCE)
  target_link_libraries(emptychair_rocksdb INTERFACE rocksdb)
else()
  find_package(RocksDB CONFIG REQUIRED)
  # One of the two everywhere: a program with both would have two of each. Linked in, RocksDB is a
  # little faster; ThreadSanitizer must tell its code from ours by where it is.
  target_link_libraries(emptychair_rocksdb INTERFACE
    $<IF:$<BOOL:${EMPTYCHAIR_THREAD_SANITIZER}>,RocksDB::rocksdb-shared,RocksDB::rocksdb>)
  # Takes the place of RocksDB's own checksums; not in what others link, which only tests with it.
  target_link_libraries(emptychair_rocksdb INTERFACE
    $<BUILD_INTERFACE:$<TARGET_OBJECTS:emptychair_rocksdb_crc32c>> PkgConfig::ISAL)
endif()
