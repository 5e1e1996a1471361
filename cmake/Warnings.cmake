# Warnings for our own targets; the libraries' headers come in as system headers.
add_library(cvtool_warnings INTERFACE)
target_compile_options(cvtool_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                                 -Woverloaded-virtual -Wno-unknown-pragmas)
