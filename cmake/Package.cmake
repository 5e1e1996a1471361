# Installation: bin/cvtool, lib/cvtool/libcvtool_engine.so, share/cvtool/models. The program looks for the
# other two relative to itself, so the tree may be moved as a whole.
# Only libraries outside the system's folders (CMAKE_PREFIX_PATH) get a run path.
set_target_properties(cvtool_engine_library PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS cvtool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS cvtool_engine_library LIBRARY DESTINATION lib/cvtool)
install(DIRECTORY models/ DESTINATION share/cvtool/models)
install(FILES LICENSE README.md DESTINATION share/doc/cvtool)
install(DIRECTORY docs DESTINATION share/doc/cvtool FILES_MATCHING PATTERN "*.md")
