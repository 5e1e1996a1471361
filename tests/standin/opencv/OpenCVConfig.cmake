# Debian's package of all of OpenCV's headers brings 260 others with it, from Qt to VTK. Of its parts alone, which is all that cvtool
# needs, CMake's own file is missing: this stands for it.
set(OpenCV_INCLUDE_DIRS /usr/include/opencv4)
