# What the program says of itself, written by the program: pages for man and completions of the shells. The help names the
# defaults of two recipes, so it is written anew when they change.
set(CVTOOL_MANUAL_FOLDER "${PROJECT_BINARY_DIR}/share")
set(CVTOOL_SHELLS bash:bash-completion/completions/cvtool zsh:zsh/site-functions/_cvtool fish:fish/vendor_completions.d/cvtool.fish)
set(completions "")
foreach(shell IN LISTS CVTOOL_SHELLS)
  string(REPLACE ":" ";" parts "${shell}")
  list(GET parts 0 name)
  list(GET parts 1 file)
  cmake_path(GET file PARENT_PATH folder)
  file(MAKE_DIRECTORY "${CVTOOL_MANUAL_FOLDER}/${folder}")
  list(APPEND completions COMMAND cvtool completion ${name} -o "${CVTOOL_MANUAL_FOLDER}/${file}")
endforeach()
set(stamp "${PROJECT_BINARY_DIR}/manual.stamp")
add_custom_command(
  OUTPUT "${stamp}"
  COMMAND ${CMAKE_COMMAND} -E rm -rf "${CVTOOL_MANUAL_FOLDER}/man"
  COMMAND cvtool manual --man "${CVTOOL_MANUAL_FOLDER}/man/man1"
  ${completions}
  COMMAND ${CMAKE_COMMAND} -E touch "${stamp}"
  DEPENDS cvtool "${PROJECT_SOURCE_DIR}/models/recipes/small-resnet.json" "${PROJECT_SOURCE_DIR}/models/recipes/transfer.json"
  COMMENT "Writing the manual"
  VERBATIM)
add_custom_target(cvtool_manual ALL DEPENDS "${stamp}")

install(DIRECTORY "${CVTOOL_MANUAL_FOLDER}/man" DESTINATION share)
foreach(shell IN LISTS CVTOOL_SHELLS)
  string(REGEX REPLACE "^[a-z]+:" "" file "${shell}")
  cmake_path(GET file PARENT_PATH folder)
  install(FILES "${CVTOOL_MANUAL_FOLDER}/${file}" DESTINATION "share/${folder}")
endforeach()
