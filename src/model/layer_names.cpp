#include "model/layer_names.h"

#include <torch/csrc/jit/frontend/lexer.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"

namespace cvtool {
namespace {

// To TorchScript's own lexer, and of those that are Python's alone.
bool is_keyword(const std::string& name) {
  static const std::set<std::string> pythons{"async",  "await",    "continue", "elif", "except", "finally",
                                             "global", "nonlocal", "print",    "try",  "yield"};
  torch::jit::Lexer lexer(std::make_shared<torch::jit::Source>(name));
  return lexer.cur().kind != torch::jit::TK_IDENT || pythons.count(name) > 0;
}

// Of torch.nn.Module and torch.jit.ScriptModule: a layer of such a name would hide it.
const std::set<std::string>& attributes() {
  static const std::set<std::string> words{"T_destination",
                                           "add_module",
                                           "apply",
                                           "bfloat16",
                                           "buffers",
                                           "call_super_init",
                                           "children",
                                           "code",
                                           "code_with_constants",
                                           "compile",
                                           "copy",
                                           "cpu",
                                           "cuda",
                                           "define",
                                           "double",
                                           "dump_patches",
                                           "eval",
                                           "extra_repr",
                                           "float",
                                           "forward",
                                           "forward_magic_method",
                                           "get_buffer",
                                           "get_debug_state",
                                           "get_extra_state",
                                           "get_parameter",
                                           "get_submodule",
                                           "graph",
                                           "graph_for",
                                           "half",
                                           "inlined_graph",
                                           "ipu",
                                           "load_state_dict",
                                           "modules",
                                           "mtia",
                                           "named_buffers",
                                           "named_children",
                                           "named_modules",
                                           "named_parameters",
                                           "original_name",
                                           "parameters",
                                           "register_backward_hook",
                                           "register_buffer",
                                           "register_forward_hook",
                                           "register_forward_pre_hook",
                                           "register_full_backward_hook",
                                           "register_full_backward_pre_hook",
                                           "register_load_state_dict_post_hook",
                                           "register_load_state_dict_pre_hook",
                                           "register_module",
                                           "register_parameter",
                                           "register_state_dict_post_hook",
                                           "register_state_dict_pre_hook",
                                           "requires_grad_",
                                           "save",
                                           "save_to_buffer",
                                           "set_extra_state",
                                           "set_submodule",
                                           "share_memory",
                                           "state_dict",
                                           "to",
                                           "to_empty",
                                           "train",
                                           "training",
                                           "type",
                                           "xpu",
                                           "zero_grad"};
  return words;
}

}  // namespace

void check_layer_name(const std::string& name, const std::string& place) {
  const bool word = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (!word)
    throw UsageError(place + "must be a word of letters, digits and _ that begins with a letter, not \"" + name + "\"");
  if (is_keyword(name))
    throw UsageError(place + "'" + name + "' is a keyword of TorchScript or Python; choose another name");
  if (attributes().count(name))
    throw UsageError(place + "'" + name + "' is what every module in PyTorch has already; choose another name");
}

}  // namespace cvtool
