# Run by `cmake --install` (cmake/Package.cmake): lays out in CVTOOL_PAGES what is installed as documentation, such that every link in it leads to an
# installed file. What only the sources have is no link there: [src/README.md](src/README.md) becomes "src/README.md (in the sources)".
file(REMOVE_RECURSE "${CVTOOL_PAGES}")
file(COPY ${CVTOOL_SOURCE}/README.md ${CVTOOL_SOURCE}/CHANGELOG.md ${CVTOOL_SOURCE}/SECURITY.md ${CVTOOL_SOURCE}/LICENSE ${CVTOOL_SOURCE}/examples
     DESTINATION "${CVTOOL_PAGES}")
file(COPY "${CVTOOL_SOURCE}/docs" DESTINATION "${CVTOOL_PAGES}" FILES_MATCHING PATTERN "*.md")
# From share/doc/cvtool to share/cvtool/models.
file(CREATE_LINK ../../cvtool/models "${CVTOOL_PAGES}/models" SYMBOLIC)

file(GLOB pages "${CVTOOL_PAGES}/*.md" "${CVTOOL_PAGES}/docs/*.md")
foreach(page IN LISTS pages)
  file(READ "${page}" text)
  set(sources "(\\.\\./)?((src/|cmake/|tests/|CONTRIBUTING)[^)#]*)[^)]*")
  string(REGEX REPLACE "\\[((src/|cmake/|tests/|CONTRIBUTING)[^]\n]*)\\]\\(${sources}\\)" "\\1 (in the sources)" text "${text}")
  string(REGEX REPLACE "\\[([^]\n]+)\\]\\(${sources}\\)" "\\1 (\\3 in the sources)" text "${text}")
  file(WRITE "${page}" "${text}")
endforeach()
