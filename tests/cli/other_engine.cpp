// An engine library of another cvtool than the program's: with ENGINE_VERSION a newer one, without it one from before
// engines said their version. The program must leave its table alone.
#include <cstdlib>

#ifdef ENGINE_VERSION
extern "C" const char* cvtool_engine_version() { return ENGINE_VERSION; }
#endif

extern "C" const void* cvtool_engine() { std::abort(); }
