#include "base/error.h"

#include "base/refusal.h"

namespace cvtool {

std::string failure_text(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error)) return error.what();
  if (const std::string refused = refusal_text(error); !refused.empty()) return refused;
  const std::string what = error.what();
  return "internal error: " + what.substr(0, what.find("\nException raised from"));
}

}  // namespace cvtool
