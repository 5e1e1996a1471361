#include "model/weights/pickle.h"

#include <unordered_map>

#include "base/little_endian.h"
#include "base/text.h"
#include "model/weights/pickle_globals.h"

namespace cvtool {
namespace {

// A net of a thousand tensors takes about 20,000 values and 100 KB.
constexpr size_t kMaxValues = size_t{1} << 20;
constexpr size_t kMaxItems = size_t{1} << 23;  // references from containers, which calls may copy
constexpr size_t kMaxPickleBytes = size_t{16} << 20;
constexpr size_t kMaxMarks = 1000;

std::string hex(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

// The stack machine. One object reads one pickle.
class Machine {
 public:
  explicit Machine(ByteReader& in) : in_(in), start_(in.position()) {}

  Pickle run() {
    while (step(in_.u8())) {
      const bool within = pickle_.values.size() <= kMaxValues && items_ <= kMaxItems && marks_.size() <= kMaxMarks &&
                          memo_.size() <= kMaxValues && in_.position() - start_ <= kMaxPickleBytes;
      if (!within) {
        fail_weights(in_.origin(), "holds a pickle of more than " + with_thousands(kMaxValues) + " values or 16 MiB",
                     "save only the state dict");
      }
    }
    pickle_.root = pop();
    return std::move(pickle_);
  }

 private:
  bool step(uint8_t opcode);
  bool step_constant(uint8_t opcode);
  bool step_container(uint8_t opcode);
  bool step_memo(uint8_t opcode);

  PickleId add(PickleValue value) {
    items_ += value.items.size();
    pickle_.values.push_back(std::move(value));
    return static_cast<PickleId>(pickle_.values.size() - 1);
  }
  void push(PickleValue value) { stack_.push_back(add(std::move(value))); }
  void push_integer(PickleKind kind, int64_t integer) { push({kind, integer, {}, {}}); }
  void push_text(uint64_t size_bytes) { push({PickleKind::kText, 0, in_.take(size_bytes), {}}); }
  void push_items(PickleKind kind, std::vector<PickleId> items) { push({kind, 0, {}, std::move(items)}); }

  // The lowest stack entry that the innermost mark leaves to be taken.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleId pop() {
    if (stack_.size() <= floor()) in_.fail("holds a pickle that takes from an empty stack");
    const PickleId top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleValue& top(PickleKind kind, const char* what) {
    if (stack_.size() <= floor()) in_.fail("holds a pickle that takes from an empty stack");
    PickleValue& value = pickle_.values[stack_.back()];
    if (value.kind != kind) in_.fail(std::string("holds a pickle that ") + what);
    return value;
  }
  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) in_.fail("holds a pickle with a missing mark");
    std::vector<PickleId> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  std::vector<PickleId> pop_count(size_t count) {
    std::vector<PickleId> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  void extend(PickleKind kind, const std::vector<PickleId>& items, const char* what) {
    PickleValue& target = top(kind, what);
    if (kind == PickleKind::kDict && items.size() % 2 != 0) in_.fail("holds a pickle with a key without a value");
    items_ += items.size();
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void long1() {
    const auto bytes = in_.take(in_.u8());
    // Bigger numbers stand nowhere in a state dict.
    if (bytes.size() > 8) in_.fail("holds a pickle with a number of " + std::to_string(bytes.size()) + " bytes");
    uint64_t value = little_endian(bytes);
    const size_t unused = 64 - 8 * bytes.size();
    if (unused > 0 && unused < 64) value = static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
    push_integer(PickleKind::kInt, static_cast<int64_t>(value));
  }
  void global() {
    const std::string module(in_.line());
    const std::string name(in_.line());
    push_integer(PickleKind::kGlobal, find_global(in_.origin(), module, name));
  }

  ByteReader& in_;
  size_t start_;
  Pickle pickle_;
  size_t items_ = 0;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleId> memo_;
};

// Names of the opcodes: Lib/pickletools.py of CPython.
bool Machine::step(uint8_t opcode) {
  if (opcode == '.') return false;
  if (step_constant(opcode) || step_container(opcode) || step_memo(opcode)) return true;
  switch (opcode) {
    case 0x80:  // PROTO
      if (const uint8_t protocol = in_.u8(); protocol > 2) {
        fail_weights(in_.origin(), "is a pickle of protocol " + std::to_string(protocol),
                     "save it with torch.save's default protocol, 2");
      }
      return true;
    case 'c':
      global();
      return true;
    case 'Q': {  // BINPERSID
      const PickleId id = pop();
      const PickleId storage = add(make_storage(pickle_, id, in_));
      stack_.push_back(storage);
      return true;
    }
    case 'R': {  // REDUCE
      const PickleId arguments = pop();
      const PickleId callee = pop();
      push(apply_global(pickle_, callee, arguments, in_));
      return true;
    }
    case 'b':  // BUILD: attributes of an OrderedDict (its _metadata) are not needed
      pop();
      top(PickleKind::kDict, "sets attributes of something that is not a dictionary");
      return true;
    default:
      break;
  }
  in_.fail("holds a pickle with the opcode " + hex(opcode) + ", which no state dict needs");
}

bool Machine::step_constant(uint8_t opcode) {
  switch (opcode) {
    case 'N':
      push({});
      return true;
    case 0x88:
      push_integer(PickleKind::kBool, 1);
      return true;
    case 0x89:
      push_integer(PickleKind::kBool, 0);
      return true;
    case 'K':
      push_integer(PickleKind::kInt, in_.u8());
      return true;
    case 'M':
      push_integer(PickleKind::kInt, in_.u16());
      return true;
    case 'J':
      push_integer(PickleKind::kInt, static_cast<int32_t>(in_.u32()));
      return true;
    case 0x8a:
      long1();
      return true;
    case 'G':
      in_.big_endian_f64(), push_integer(PickleKind::kFloat, 0);
      return true;  // no state dict needs its value
    case 'U':
      push_text(in_.u8());
      return true;  // SHORT_BINSTRING: texts of Python 2
    case 'T':
      push_text(in_.u32());
      return true;  // BINSTRING
    case 'X':
      push_text(in_.u32());
      return true;  // BINUNICODE
    default:
      return false;
  }
}

bool Machine::step_container(uint8_t opcode) {
  switch (opcode) {
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case ')':
      push_items(PickleKind::kTuple, {});
      return true;
    case ']':
      push_items(PickleKind::kList, {});
      return true;
    case '}':
      push_items(PickleKind::kDict, {});
      return true;
    case 't':
      push_items(PickleKind::kTuple, pop_to_mark());
      return true;
    case 'l':
      push_items(PickleKind::kList, pop_to_mark());
      return true;
    case 0x85:
      push_items(PickleKind::kTuple, pop_count(1));
      return true;
    case 0x86:
      push_items(PickleKind::kTuple, pop_count(2));
      return true;
    case 0x87:
      push_items(PickleKind::kTuple, pop_count(3));
      return true;
    case 'a':
      extend(PickleKind::kList, pop_count(1), "appends to something that is not a list");
      return true;
    case 'e':
      extend(PickleKind::kList, pop_to_mark(), "appends to something that is not a list");
      return true;
    case 's':
      extend(PickleKind::kDict, pop_count(2), "adds to something that is not a dictionary");
      return true;
    case 'u':
      extend(PickleKind::kDict, pop_to_mark(), "adds to something that is not a dictionary");
      return true;
    default:
      return false;
  }
}

bool Machine::step_memo(uint8_t opcode) {
  const auto put = [&](uint32_t place) {
    const PickleId id = pop();
    stack_.push_back(id);
    memo_[place] = id;
  };
  const auto get = [&](uint32_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) in_.fail("holds a pickle that recalls a value it never kept");
    stack_.push_back(found->second);
  };
  switch (opcode) {
    case 'q':
      put(in_.u8());
      return true;
    case 'r':
      put(in_.u32());
      return true;
    case 'h':
      get(in_.u8());
      return true;
    case 'j':
      get(in_.u32());
      return true;
    default:
      return false;
  }
}

}  // namespace

Pickle parse_pickle(ByteReader& in) { return Machine(in).run(); }

}  // namespace cvtool
