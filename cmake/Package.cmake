# Installation: bin/cvtool, lib/cvtool/libcvtool_engine.so, share/cvtool/models. The program looks for the
# other two relative to itself, so the tree may be moved as a whole.
# Only libraries outside the system's folders (CMAKE_PREFIX_PATH) get a run path; none does in what is given to others.
if(NOT CVTOOL_PACKAGE)
  set_target_properties(cvtool_engine_library PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endif()
install(TARGETS cvtool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS cvtool_engine_library LIBRARY DESTINATION lib/cvtool)
install(FILES "$<TARGET_FILE_DIR:cvtool_engine_library>/libcvtool_engine.order" DESTINATION lib/cvtool)
install(DIRECTORY models/ DESTINATION share/cvtool/models)
set(CVTOOL_PAGES "${PROJECT_BINARY_DIR}/pages")
install(CODE "set(CVTOOL_SOURCE \"${PROJECT_SOURCE_DIR}\")\nset(CVTOOL_PAGES \"${CVTOOL_PAGES}\")")
install(SCRIPT cmake/InstalledPages.cmake)
install(DIRECTORY "${CVTOOL_PAGES}/" DESTINATION share/doc/cvtool)

# `cpack -G DEB` in a build folder of the preset `package` makes the package of the Debian or Ubuntu that it is built on: its
# dependencies are what dpkg-shlibdeps finds in it. cmake/release.sh calls it.
file(STRINGS /etc/os-release CVTOOL_DISTRIBUTION REGEX "^(ID|VERSION_ID)=")
string(REGEX REPLACE "(ID=|VERSION_ID=|\"|;)" "" CVTOOL_DISTRIBUTION "${CVTOOL_DISTRIBUTION}")
string(REGEX REPLACE "^([0-9.]+)([a-z]+)$" "\\2\\1" CVTOOL_DISTRIBUTION "${CVTOOL_DISTRIBUTION}")
string(REGEX REPLACE "^debian" "deb" CVTOOL_DISTRIBUTION "${CVTOOL_DISTRIBUTION}")
set(CPACK_PACKAGE_NAME cvtool)
set(CPACK_PACKAGE_VENDOR cvtool)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trains, evaluates, explains and ships image classifiers")
set(CPACK_PACKAGE_DESCRIPTION_FILE "${PROJECT_SOURCE_DIR}/packaging/description.txt")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# 0.1.0-1~deb12 is older than 0.1.0-1~deb13, so an upgrade of the system upgrades it.
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~${CVTOOL_DISTRIBUTION}")
set(CVTOOL_MAINTAINER "cvtool maintainers <maintainers@cvtool.invalid>" CACHE STRING "Who answers for the package: Name <address>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CVTOOL_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# OpenBLAS's threads: without them it is the reference BLAS, which is many times slower. The plugins are packages of their own in
# Debian 13; in Debian 12 libheif has them inside.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libopenblas0-pthread, ca-certificates, libheif-plugin-libde265, libheif-plugin-dav1d")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, man-db")
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/debian.cmake")
set(CPACK_CVTOOL_SOURCE "${PROJECT_SOURCE_DIR}")
include(CPack)
