// LibTorch's heavy headers, compiled once.
#pragma once

#include <ATen/ATen.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>
