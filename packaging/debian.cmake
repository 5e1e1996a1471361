# Run by CPack before it packs: gives the installed tree the form that Debian's policy asks for (cmake/Package.cmake).
set(share "${CPACK_TEMPORARY_DIRECTORY}/usr/share")
if(NOT EXISTS "${share}/doc/cvtool")
  message(FATAL_ERROR "${share}/doc/cvtool is not there: the tree is not laid out as packaging/debian.cmake expects")
endif()

# In their places, which the pages link to: copyright and changelog.gz.
file(REMOVE "${share}/doc/cvtool/LICENSE" "${share}/doc/cvtool/CHANGELOG.md")
file(GLOB pages "${share}/doc/cvtool/*.md" "${share}/doc/cvtool/docs/*.md")
foreach(page IN LISTS pages)
  file(READ "${page}" text)
  string(REPLACE "](LICENSE)" "](copyright)" text "${text}")
  string(REPLACE "](CHANGELOG.md)" "](changelog.gz)" text "${text}")
  file(WRITE "${page}" "${text}")
endforeach()
file(COPY "${CPACK_CVTOOL_SOURCE}/packaging/copyright" DESTINATION "${share}/doc/cvtool"
     FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
# The headers of these are compiled into the program.
foreach(package libcli11-dev nlohmann-json3-dev libgloo-dev)
  file(READ "/usr/share/doc/${package}/copyright" text)
  string(REGEX REPLACE "(^|\n)(Format|Upstream-Name|Upstream-Contact|Source|Files-Excluded):[^\n]*" "" text "${text}")
  string(REGEX REPLACE "\n" "\n " text "${text}")
  string(REGEX REPLACE "\n *\n" "\n .\n" text "${text}")
  string(REGEX REPLACE "\n *\n" "\n .\n" text "${text}")
  file(APPEND "${share}/doc/cvtool/copyright" "\nComment:\n The copyright file of ${package}, whose headers are compiled in:${text}\n")
endforeach()

# Debian's zsh looks elsewhere.
file(MAKE_DIRECTORY "${share}/zsh/vendor-completions")
file(RENAME "${share}/zsh/site-functions/_cvtool" "${share}/zsh/vendor-completions/_cvtool")
file(REMOVE_RECURSE "${share}/zsh/site-functions")

# SOURCE_DATE_EPOCH, where it is set, is the time of both.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${share}/doc/cvtool/changelog.Debian"
     "cvtool (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
     "  * Version ${CPACK_PACKAGE_VERSION}; changelog.gz says what has changed.\n\n"
     " -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}\n")
file(READ "${CPACK_CVTOOL_SOURCE}/CHANGELOG.md" changes)
file(WRITE "${share}/doc/cvtool/changelog" "${changes}")

file(GLOB pages "${share}/man/man1/*.1")
execute_process(COMMAND gzip -9 -n -f "${share}/doc/cvtool/changelog" "${share}/doc/cvtool/changelog.Debian" ${pages}
                COMMAND_ERROR_IS_FATAL ANY)
# The same modes whatever the builder's umask.
execute_process(COMMAND chmod -R u=rwX,go=rX "${CPACK_TEMPORARY_DIRECTORY}" COMMAND_ERROR_IS_FATAL ANY)
