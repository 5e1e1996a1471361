// LibTorch's heavy headers, compiled once.
#pragma once

#include <ATen/ATen.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
