# What `cmake --install` puts where. Components: `client` is the C++ client library as a CMake
# package, `server` and `tools` are the programs, `client_testing` is the server for tests of programs
# that use a client. Beside that, server and storage are no libraries for others.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS emptychaird chairstore RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(TARGETS chairctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)

# Users link EmptyChair::client, and EmptyChair::client_mocks in tests; the rest comes with these.
foreach(name IN ITEMS
    base checks client client_mocks client_writer google_rpc messages rpc services tls)
  set_target_properties(emptychair_${name} PROPERTIES EXPORT_NAME ${name})
endforeach()

# emptychair_install_messages(NAME INCLUDE_DIR): headers and .proto files of emptychair_protos(NAME).
function(emptychair_install_messages name include_dir)
  get_target_property(protos emptychair_${name} EMPTYCHAIR_PROTOS)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" ".pb.h" header ${proto})
    get_filename_component(folder ${proto} DIRECTORY)
    install(FILES ${PROJECT_BINARY_DIR}/generated/${header}
      DESTINATION ${include_dir}/${folder} COMPONENT client)
    install(FILES ${PROJECT_SOURCE_DIR}/protos/${proto}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/emptychair/protos/${folder} COMPONENT client)
  endforeach()
endfunction()

# In an export and a folder of headers of its own, so that a user's build can replace it.
set(google_rpc_include_dir ${CMAKE_INSTALL_INCLUDEDIR}/emptychair-google-rpc)
install(TARGETS emptychair_google_rpc EXPORT EmptyChairGoogleRpc
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
  INCLUDES DESTINATION ${google_rpc_include_dir})
emptychair_install_messages(google_rpc ${google_rpc_include_dir})

install(
  TARGETS emptychair_base emptychair_checks emptychair_client emptychair_client_writer
    emptychair_messages emptychair_rpc emptychair_services emptychair_tls
  EXPORT EmptyChairClient
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
emptychair_install_messages(messages ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY client/include/ common/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client FILES_MATCHING PATTERN *.h)

install(TARGETS emptychair_client_mocks EXPORT EmptyChairClientMocks)

# emptychair_closure(OUT TARGET): all targets of ours that it links, itself among them.
function(emptychair_closure out target)
  set(found "")
  set(left ${target})
  while(left)
    list(POP_FRONT left name)
    # What a static library links in private.
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" name "${name}")
    if(NOT TARGET "${name}")
      continue()
    endif()
    get_target_property(aliased ${name} ALIASED_TARGET)
    if(aliased)
      set(name ${aliased})
    endif()
    if(name MATCHES "^emptychair_" AND NOT name IN_LIST found)
      list(APPEND found ${name})
      get_target_property(links ${name} INTERFACE_LINK_LIBRARIES)
      if(links)
        list(APPEND left ${links})
      endif()
    endif()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Not with RocksDB's own source, which is no package for others.
if(NOT EMPTYCHAIR_ROCKSDB_SOURCE)
  emptychair_closure(testing_targets emptychair_client_testing)
  emptychair_closure(client_targets emptychair_client)
  list(REMOVE_ITEM testing_targets ${client_targets})
  foreach(target IN LISTS testing_targets)
    string(REGEX REPLACE "^emptychair_" "" name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  endforeach()
  install(TARGETS ${testing_targets} EXPORT EmptyChairClientTesting
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client_testing
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(TARGETS emptychair-fake
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT client_testing)
  install(DIRECTORY client/testing/include/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client_testing FILES_MATCHING PATTERN *.h)
  install(FILES protos/emptychair/testing/v1/fake_service.proto
    DESTINATION ${CMAKE_INSTALL_DATADIR}/emptychair/protos/emptychair/testing/v1
    COMPONENT client_testing)
  install(EXPORT EmptyChairClientTesting FILE EmptyChairClientTestingTargets.cmake
    NAMESPACE EmptyChair:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/EmptyChair
    COMPONENT client_testing)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/EmptyChair)
foreach(export IN ITEMS EmptyChairGoogleRpc EmptyChairClient EmptyChairClientMocks)
  install(EXPORT ${export} FILE ${export}Targets.cmake NAMESPACE EmptyChair::
    DESTINATION ${package_dir} COMPONENT client)
endforeach()
configure_package_config_file(cmake/EmptyChairConfig.cmake.in EmptyChairConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before version 1 every minor version can change what programs see.
write_basic_package_version_file(EmptyChairConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/EmptyChairConfig.cmake
    ${PROJECT_BINARY_DIR}/EmptyChairConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT client)
