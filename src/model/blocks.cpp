#include "model/blocks.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

Json whole_or_not(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<int64_t>(value);
  return value;
}

// Recursive descent over sum -> product -> atom.
class Expression {
 public:
  Expression(const std::string& text, const Parameters& parameters, const std::string& place)
      : text_(text), parameters_(parameters), place_(place) {}

  // Whatever a parameter, or an item of one, is; a number where there is arithmetic.
  Json value() {
    if (take('$')) {
      const Json alone = parameter();
      if (peek() == '\0') return alone;
      at_ = 0;
    }
    const double result = sum();
    if (peek() != '\0') fail("unexpected '" + std::string(1, peek()) + "'");
    if (!std::isfinite(result)) fail("the result is not a number");
    return whole_or_not(result);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw UsageError(place_ + "cannot work out \"" + text_ + "\": " + reason);
  }

  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  std::string word() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  double sum() {
    double left = product();
    while (true) {
      if (take('+'))
        left += product();
      else if (take('-'))
        left -= product();
      else
        return left;
    }
  }

  double product() {
    double left = atom();
    while (true) {
      if (take('*'))
        left *= atom();
      else if (take('/'))
        left /= atom();
      else
        return left;
    }
  }

  double atom() {
    if (++depth_ > kDeepest) fail("it is nested too deeply");
    if (take('(')) {
      const double inside = sum();
      if (!take(')')) fail("a ')' is missing");
      return inside;
    }
    if (take('$')) return numeric_parameter();
    if (std::isalpha(static_cast<unsigned char>(peek()))) return call(word());
    return number();
  }

  double number() {
    peek();
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) ++at_;
    const std::string digits = text_.substr(begin, at_ - begin);
    if (digits.empty() || std::count(digits.begin(), digits.end(), '.') > 1 || digits == ".")
      fail("a number is missing");
    return std::stod(digits);
  }

  // Behind the '$': "name", "name[3]", "name[$other]".
  Json parameter() {
    const std::string name = word();
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) {
      std::vector<std::string> names;
      for (const auto& entry : parameters_) names.push_back(entry.first);
      fail(unknown_word("parameter", name, names));
    }
    Json value = found->second;
    while (take('[')) value = item(value, "$" + name);
    return value;
  }

  Json item(const Json& of, const std::string& name) {
    if (++depth_ > kDeepest) fail("it is nested too deeply");
    const size_t begin = at_;
    const bool alone = take('$');
    Json index = alone ? parameter() : Json();
    if (!alone || peek() != ']') {
      at_ = begin;
      index = whole_or_not(sum());
    }
    if (!take(']')) fail("a ']' is missing");
    if (index.is_string() && of.is_object() && of.contains(index.get_ref<const std::string&>()))
      return of[index.get_ref<const std::string&>()];
    const int64_t at = index.is_number_integer() ? index.get<int64_t>() : -1;
    if (!of.is_array() || at < 0 || at >= static_cast<int64_t>(of.size()))
      fail(name + " is " + of.dump() + ", which has no [" + index.dump() + "]");
    return of[static_cast<size_t>(at)];
  }

  double numeric_parameter() {
    const size_t begin = at_;
    const Json value = parameter();
    if (!value.is_number()) fail("$" + text_.substr(begin, at_ - begin) + " is " + value.dump() + ", not a number");
    return value.get<double>();
  }

  double call(const std::string& function) {
    if (!take('(')) fail("'" + function + "' is neither a $parameter nor a function call");
    const double a = sum();
    if (!take(',')) fail(function + " takes two values");
    const double b = sum();
    if (!take(')')) fail("a ')' is missing");
    if (function == "max") return std::max(a, b);
    if (function == "min") return std::min(a, b);
    if (function != "divisible") fail(unknown_word("function", function, {"divisible", "max", "min"}));
    if (b < 1) fail("divisible needs a divisor of at least 1");
    // _make_divisible of the MobileNetV2 reference implementation.
    double rounded = std::max(b, std::floor((a + b / 2) / b) * b);
    if (rounded < 0.9 * a) rounded += b;
    return rounded;
  }

  static constexpr int kDeepest = 200;

  const std::string& text_;
  const Parameters& parameters_;
  const std::string& place_;
  size_t at_ = 0;
  int depth_ = 0;
};

// A text that is worked out rather than taken as a word.
bool is_expression(const std::string& text) {
  for (const char* call : {"divisible(", "max(", "min("})
    if (starts_with(text, call)) return true;
  return text.find('$') != std::string::npos;
}

}  // namespace

Json evaluate_expression(const std::string& text, const Parameters& parameters, const std::string& place) {
  return Expression(text, parameters, place).value();
}

Json substitute_parameters(const Json& spec, const Parameters& parameters, const std::string& place) {
  if (spec.is_string()) {
    const auto& text = spec.get_ref<const std::string&>();
    return is_expression(text) ? evaluate_expression(text, parameters, place) : spec;
  }
  if (!spec.is_structured()) return spec;
  Json out = spec;
  for (auto& item : out) item = substitute_parameters(item, parameters, place);
  return out;
}

}  // namespace cvtool
