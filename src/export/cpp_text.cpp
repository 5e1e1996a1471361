#include "export/cpp_text.h"

#include <cstdio>
#include <set>

namespace cvtool {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Keywords and other words that are no names.
bool is_keyword_of_cpp(const std::string& word) {
  static const std::set<std::string> words{"alignas",
                                           "alignof",
                                           "and",
                                           "and_eq",
                                           "asm",
                                           "atomic_cancel",
                                           "atomic_commit",
                                           "atomic_noexcept",
                                           "auto",
                                           "bitand",
                                           "bitor",
                                           "bool",
                                           "break",
                                           "case",
                                           "catch",
                                           "char",
                                           "char16_t",
                                           "char32_t",
                                           "char8_t",
                                           "class",
                                           "co_await",
                                           "co_return",
                                           "co_yield",
                                           "compl",
                                           "concept",
                                           "const",
                                           "const_cast",
                                           "consteval",
                                           "constexpr",
                                           "constinit",
                                           "continue",
                                           "decltype",
                                           "default",
                                           "delete",
                                           "do",
                                           "double",
                                           "dynamic_cast",
                                           "else",
                                           "enum",
                                           "explicit",
                                           "export",
                                           "extern",
                                           "false",
                                           "float",
                                           "for",
                                           "friend",
                                           "goto",
                                           "if",
                                           "inline",
                                           "int",
                                           "long",
                                           "mutable",
                                           "namespace",
                                           "new",
                                           "noexcept",
                                           "not",
                                           "not_eq",
                                           "nullptr",
                                           "operator",
                                           "or",
                                           "or_eq",
                                           "private",
                                           "protected",
                                           "public",
                                           "reflexpr",
                                           "register",
                                           "reinterpret_cast",
                                           "requires",
                                           "return",
                                           "short",
                                           "signed",
                                           "sizeof",
                                           "static",
                                           "static_assert",
                                           "static_cast",
                                           "struct",
                                           "switch",
                                           "synchronized",
                                           "template",
                                           "this",
                                           "thread_local",
                                           "throw",
                                           "true",
                                           "try",
                                           "typedef",
                                           "typeid",
                                           "typename",
                                           "typeof",
                                           "union",
                                           "unsigned",
                                           "using",
                                           "virtual",
                                           "void",
                                           "volatile",
                                           "wchar_t",
                                           "while",
                                           "xor",
                                           "xor_eq"};
  return words.count(word) > 0;
}

// Names of C's library and of LibTorch that a photo classifier's file may well have; macros of compilers.
bool is_taken(const std::string& word) {
  static const std::set<std::string> words{
      "abort",   "abs",   "access",  "alarm",  "at",    "c10",  "caffe2",   "calloc", "ceil",     "chown",  "clock",
      "clone",   "close", "connect", "cos",    "div",   "dup",  "environ",  "errno",  "exit",     "exp",    "fabs",
      "floor",   "fork",  "free",    "gamma",  "index", "j0",   "j1",       "jn",     "kill",     "labs",   "ldiv",
      "link",    "linux", "listen",  "log",    "log2",  "main", "malloc",   "nice",   "open",     "optarg", "pause",
      "pipe",    "pow",   "printf",  "puts",   "raise", "rand", "random",   "read",   "remove",   "rename", "round",
      "select",  "send",  "signal",  "sin",    "sleep", "sqrt", "stat",     "std",    "stderr",   "stdin",  "stdout",
      "strings", "swab",  "sync",    "system", "tan",   "time", "timezone", "torch",  "truncate", "trunc",  "unix",
      "unlink",  "wait",  "write",   "y0",     "y1",    "yn"};
  return words.count(word) > 0;
}

}  // namespace

std::string cpp_identifier(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c))
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  if (!out.empty() && out.back() == '_') out.pop_back();
  if (out.empty()) return "model";
  return is_digit(out[0]) || is_keyword_of_cpp(out) || is_taken(out) ? "model_" + out : out;
}

std::string cpp_literal(const std::string& bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    char octal[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += octal;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace cvtool
