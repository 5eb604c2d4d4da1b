# What `cmake --install` puts where. Components: `client` is the C++ client library as a CMake
# package, `server` and `tools` are the programs. Server and storage are no libraries for others.
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
