// Loss against learning rate.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Writes PNG. One loss a rate; rates positive and rising; `suggested` is marked. Throws Error when the file cannot be
// written.
void write_lr_png(const std::string& path, const std::vector<double>& rates, const std::vector<double>& losses,
                  double suggested);

}  // namespace cvtool
